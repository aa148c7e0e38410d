#ifndef EARSHOT_SERVER_UNDERRUN_WORDS_H_
#define EARSHOT_SERVER_UNDERRUN_WORDS_H_

#include <string>

#include "server/stream_types.h"
#include "server/underrun_watch.h"

namespace earshot {

// Such as "the last underrun was 35 s ago: packets came late; it took 40 ms".
std::string InWords(const Underrun& underrun, MonotonicTime now);

}  // namespace earshot

#endif  // EARSHOT_SERVER_UNDERRUN_WORDS_H_
