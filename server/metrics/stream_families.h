#ifndef EARSHOT_SERVER_METRICS_STREAM_FAMILIES_H_
#define EARSHOT_SERVER_METRICS_STREAM_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <vector>

#include "server/stream_entry.h"

namespace earshot {

// What an operator sees of streams that are open, each as `vm` and `stream`:
// the figures of earshot.v1.Stream, in seconds where that has ms.
std::vector<prometheus::MetricFamily> StreamFamilies(
    const std::vector<StreamView>& views);

// The words of earshot.v1.StreamState, without their prefix, in lower case.
const char* StateName(SessionState state);

}  // namespace earshot

#endif  // EARSHOT_SERVER_METRICS_STREAM_FAMILIES_H_
