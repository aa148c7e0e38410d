#ifndef EARSHOT_CODEC_OGG_LINK_H_
#define EARSHOT_CODEC_OGG_LINK_H_

#include <ogg/ogg.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace earshot {

// One logical stream of Ogg (RFC 3533) that holds Opus (RFC 7845), as pages.
// The last packet waits for the next, since it may have to say that the stream
// ends with it. Thread: one at a time.
class OggLink {
 public:
  using Write = std::function<absl::Status(absl::string_view bytes)>;

  // `write` outlives it.
  OggLink(uint32_t serial, const Write* write);
  ~OggLink();

  OggLink(const OggLink&) = delete;
  OggLink& operator=(const OggLink&) = delete;

  // The packets OpusHead and OpusTags, on pages of their own.
  absl::Status Headers(absl::string_view head, absl::string_view tags);
  // The samples (of 48 kHz) that the stream has with it, pre-skip included.
  absl::Status Packet(std::string payload, int64_t end);
  // The stream ends `cut` samples before its last packet does.
  absl::Status End(int64_t cut);
  // Ends a page, but for the packet that waits.
  absl::Status Flush();

 private:
  absl::Status PutIn(absl::string_view payload, int64_t granule, bool first,
                     bool last);
  absl::Status WriteOut(bool flush);

  const Write* const write_;
  ogg_stream_state stream_;
  int64_t packets_ = 0;
  int64_t put_in_ = 0;       // samples
  int64_t written_out_ = 0;  // likewise, on pages
  std::string waiting_;
  std::optional<int64_t> waiting_end_;
};

}  // namespace earshot

#endif  // EARSHOT_CODEC_OGG_LINK_H_
