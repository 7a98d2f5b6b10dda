#include "server/commands/client_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/dispatch/command_table.h"

namespace shoal::commands {

namespace {

using namespace dispatch;

ClientType type_of(const Session& session) {
  return (session.state & kSubscribed) != 0 ? ClientType::kPubsub : ClientType::kNormal;
}

std::string flags_of(const Session& session) {
  std::string flags;
  if (session.is_monitor) flags += 'O';
  if (session.is_queueing()) flags += 'x';
  if (session.is_held_back) flags += 'b';
  if (session.close_after_reply) flags += 'c';
  if (session.close_now) flags += 'A';
  if (session.is_unix_socket) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

}  // namespace

std::optional<ClientType> client_type_named(View name) {
  struct Row {
    View name;
    ClientType type;
  };
  constexpr Row kTypes[] = {
      {"NORMAL", ClientType::kNormal},   {"MASTER", ClientType::kMaster}, {"SLAVE", ClientType::kReplica},
      {"REPLICA", ClientType::kReplica}, {"PUBSUB", ClientType::kPubsub},
  };
  for (const Row& row : kTypes) {
    if (is_option(name, row.name)) return row.type;
  }
  return std::nullopt;
}

bool ClientFilter::matches(const Session& session) const {
  if (!ids.empty() && std::find(ids.begin(), ids.end(), session.id) == ids.end()) return false;
  if (address && *address != session.peer_address) return false;
  if (local_address && *local_address != session.local_address) return false;
  if (type && *type != type_of(session)) return false;
  return except == 0 || except != session.id;
}

std::string describe_client(ClientHandle& client, Micros now) {
  const Session& session = client.session();
  const Micros second = 1'000'000;
  const auto queued =
      session.is_queueing() ? static_cast<std::int64_t>(session.transaction.queue.size()) : -1;
  const ClientMemory memory = client.memory();
  return fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 multi={} "
      "qbuf={} qbuf-free={} argv-mem={} multi-mem={} obl={} oll=0 omem={} tot-mem={} events=r cmd={} "
      "user=default redir=-1 resp={} lib-name={} lib-ver={}",
      session.id, session.peer_address, session.local_address, session.fd, session.name,
      (now - session.created_at) / second, (now - session.last_active_at) / second, flags_of(session),
      session.database, queued, memory.input, memory.input_room, memory.arguments, memory.queue,
      memory.output, memory.output_heap, memory.total,
      session.last_command == nullptr ? "NULL" : shown_name(*session.last_command),
      static_cast<int>(session.resp), session.library_name, session.library_version);
}

}  // namespace shoal::commands
