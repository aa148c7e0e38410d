#ifndef EARSHOT_METRICS_CERTIFICATE_EXPIRY_H_
#define EARSHOT_METRICS_CERTIFICATE_EXPIRY_H_

#include <cstdint>
#include <optional>
#include <string>

namespace earshot::metrics {

// When the first of the certificates of a PEM file expires, in seconds of UNIX
// time. Nothing if it holds none that can be read. Any thread.
std::optional<int64_t> FirstExpiry(const std::string& path);

}  // namespace earshot::metrics

#endif  // EARSHOT_METRICS_CERTIFICATE_EXPIRY_H_
