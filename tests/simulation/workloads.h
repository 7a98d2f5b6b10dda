// Workloads over the simulated server, each with its checker. They are shared by the tests that expect no
// violation and by the one that breaks borrowing and expects some.
#pragma once

#include <string>

#include "server/runtime/simulated_runtime.h"

namespace shoal::simulation {

/// What a run of a workload showed. `violation`: empty, or what went wrong.
struct Outcome {
  std::string violation;
  std::uint64_t history = 0;
  std::uint64_t operations = 0;  // that had their reply
  bool gave_up = false;          // the search for an order was cut short
};

/// The conditions of one run, drawn from its seed: cores, delays, sleeping cores, preemption, disconnects.
runtime::SimulationOptions draw_conditions(std::uint64_t seed, CoreId cores_min = 1);

/// Clients move money between accounts (MULTI, DECRBY, INCRBY, EXEC), count with WATCH and SET, write groups
/// of keys with one value (MSET) and look at everything (MGET): the sum of the accounts never changes, a
/// group is never seen half written, no increment is lost.
Outcome run_transfers(std::uint64_t seed, CoreId cores_min = 1);

/// A few clients send a few commands of many kinds to a few keys; an order that explains every reply must
/// exist. Mix::kSimple leaves out the commands that hold several entries at once.
enum class Mix { kEverything, kSimple };
Outcome run_history(std::uint64_t seed, Mix mix, CoreId cores_min = 1);

/// Clients list and scan the keyspace while others add keys, remove them, and borrow slots: a key that stays
/// is reported once by each walk, none that never was; a transaction's walk sees one moment; a client's walk
/// sees what it wrote before.
Outcome run_walks(std::uint64_t seed, CoreId cores_min = 1);

}  // namespace shoal::simulation
