#ifndef EARSHOT_DEVICE_SANDBOX_IN_CHILD_H_
#define EARSHOT_DEVICE_SANDBOX_IN_CHILD_H_

#include <functional>

namespace earshot {

// What became of a process that did something: the error number that it tells
// (0: it was allowed), or minus the signal that ended it.
using Outcome = int;

// Does it in a process of its own, for what cannot be undone.
Outcome InChild(const std::function<Outcome()>& what);

// 0 if `result`, of a system call, is no failure; errno if it is.
Outcome ErrorOf(long result);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_IN_CHILD_H_
