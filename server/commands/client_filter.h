// Which clients CLIENT KILL and CLIENT LIST mean, and how a client is shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/dispatch/context.h"
#include "server/dispatch/core_services.h"

namespace shoal::commands {

enum class ClientType : std::uint8_t { kNormal, kMaster, kReplica, kPubsub };

/// The type of that name, in any case, or nothing.
std::optional<ClientType> client_type_named(View name);

/// A client matches when every member that is set agrees.
struct ClientFilter {
  std::vector<std::uint64_t> ids;  // any of them; empty: whatever its id
  std::optional<std::string> address;
  std::optional<std::string> local_address;
  std::optional<ClientType> type;
  std::uint64_t except = 0;  // not this one; 0: no exception

  bool matches(const dispatch::Session& session) const;
};

/// The line of CLIENT LIST and CLIENT INFO, without a line end.
std::string describe_client(dispatch::ClientHandle& client, Micros now);

}  // namespace shoal::commands
