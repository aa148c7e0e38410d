#ifndef EARSHOT_CODEC_OPUS_FRAMING_H_
#define EARSHOT_CODEC_OPUS_FRAMING_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace earshot {

// The frames at `rate_hz` that a packet of so many Opus streams decodes to; an
// error if it is no such packet. All but the last stream are self-delimiting
// (RFC 6716, appendix B), which libopus lets nobody parse without decoding.
// It only looks at the bytes; any thread.
absl::StatusOr<int> CountOpusFrames(absl::string_view packet, int streams,
                                    int rate_hz);

}  // namespace earshot

#endif  // EARSHOT_CODEC_OPUS_FRAMING_H_
