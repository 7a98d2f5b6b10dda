// The messages cores send each other. The runtime carries them; kinds are told apart by
// runtime::Message::kind.
//
// How many are out at a time, which is all that bounds outboxes (Runtime::post): a pipeline has one part and
// one loan for each core, and runs nothing further until they are home; a deferred command visits each core
// once, of which a client has one; so does a client that goes; MONITOR's lines travel one parcel at a time
// for each pair of cores. So O(connections x cores) in all, most of it structures that exist anyway.
#pragma once

#include "server/runtime/message.h"

namespace shoal::dispatch {

enum MessageKind : std::uint8_t {
  kPartToRun,     // RemotePart: requests for the receiver's shard
  kPartDone,      // the same, home again with its replies
  kLoanAsked,     // Loan: the sender wants slots
  kLoanAnswered,  // the same: granted or refused
  kLoanReturned,  // the same: the slots come home with what was done to them
  kLoanSettled,   // the same: applied; the coordinator may use it again
  kVisit,         // Visit: run a function on this core
};

}  // namespace shoal::dispatch
