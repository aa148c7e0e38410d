#ifndef EARSHOT_CODEC_OGG_OPUS_WRITER_H_
#define EARSHOT_CODEC_OGG_OPUS_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "codec/coded_format.h"
#include "codec/ogg_link.h"
#include "codec/opus_layout.h"
#include "codec/track_writer.h"

namespace earshot {

// Writes an epoch's packets, as they are, as Ogg Opus (RFC 7845): a decoder of
// the file puts out exactly the frames that were heard.
//
// A logical stream drops frames only at its start (the pre-skip) and its end
// (end trimming), so where the codec starts anew another one follows: the file
// is chained (RFC 7845, 3; RFC 3533, 4). Digital silence is coded as CELT
// frames that are silent. Positions in such a file are of 48 kHz, of which all
// rates of Opus are a whole part.
//
// Pages hold a second at most, and each Flush() ends one.
class OggOpusWriter : public TrackWriter {
 public:
  // Where the bytes go, whole pages at a time.
  using Write = OggLink::Write;

  // An error if `format` is not that of Opus packets. `serial`: of the first
  // logical stream; the others count on.
  static absl::StatusOr<std::unique_ptr<OggOpusWriter>> Create(
      const CodedFormat& format, int64_t first_frame, const TrackTags& tags,
      uint32_t serial, Write write);
  ~OggOpusWriter() override;

  absl::Status Flush() override;

 private:
  OggOpusWriter(const CodedFormat& format, int64_t first_frame,
                const TrackTags& tags, uint32_t serial, Write write);

  absl::Status WritePacket(const TrackPacket& packet) override;
  absl::Status WriteSilence(int64_t frames) override;
  absl::Status Finish() override;

  // All in samples of 48 kHz.
  struct Piece {
    std::string payload;
    int64_t drop = 0;
    int64_t heard = 0;
    int64_t tail = 0;  // behind those that are heard
  };
  absl::Status Add(Piece piece, bool restart);
  absl::Status AddSilence(int64_t samples, int64_t drop);
  absl::Status BeginLink();
  absl::Status ToLink(Piece piece);
  absl::Status EndLink();
  std::string SilentPacket(int64_t samples) const;

  const int rate_hz_;
  const int channels_;
  const int64_t samples_per_frame_;
  const OpusLayout layout_;
  const std::string tags_packet_;
  const Write write_;
  uint32_t next_serial_;

  // Of a logical stream that has not begun yet: nothing of them is heard.
  std::vector<Piece> unheard_;
  std::unique_ptr<OggLink> link_;  // null: none is under way
  int64_t link_end_ = 0;           // what its decoder has put out
  int64_t link_tail_ = 0;          // of that, what is not heard
};

}  // namespace earshot

#endif  // EARSHOT_CODEC_OGG_OPUS_WRITER_H_
