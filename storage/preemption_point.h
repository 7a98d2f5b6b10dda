// Where another core may come first. On real threads any two instructions of a command may have other cores'
// work between them; the simulation, which runs all cores in one thread, has that happen here, before a key
// is looked up. The tests that want it compile storage/key_access.cc with SHOAL_PREEMPTION_POINTS and define
// the function; elsewhere it is nothing.
#pragma once

namespace shoal {

#ifdef SHOAL_PREEMPTION_POINTS
void preemption_point();
#else
inline void preemption_point() {}
#endif

}  // namespace shoal
