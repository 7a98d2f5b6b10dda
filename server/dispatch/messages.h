// The messages cores send each other. The runtime carries them; kinds are told apart by
// runtime::Message::kind.
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
