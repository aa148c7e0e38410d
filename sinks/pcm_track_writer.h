#ifndef EARSHOT_SINKS_PCM_TRACK_WRITER_H_
#define EARSHOT_SINKS_PCM_TRACK_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codec/coded_format.h"
#include "codec/packet_decoder.h"
#include "codec/track_writer.h"
#include "sinks/pcm_file.h"

namespace earshot {

// Where the channels of such packets stand.
ChannelLayout TrackLayout(const CodedFormat& format);

// Writes an epoch's packets decoded, at the stream's rate. S16LE stays as it
// was, bit by bit.
class PcmTrackWriter : public TrackWriter {
 public:
  // `file` has the rate of the format, and the channels of TrackLayout. Several
  // epochs may follow each other in it.
  static absl::StatusOr<std::unique_ptr<PcmTrackWriter>> Create(
      const CodedFormat& format, int64_t first_frame,
      std::shared_ptr<PcmFile> file);

  absl::Status Flush() override { return file_->UpdateHeader(); }

 private:
  PcmTrackWriter(const CodedFormat& format, int64_t first_frame,
                 std::unique_ptr<PacketDecoder> decoder,
                 std::shared_ptr<PcmFile> file);

  absl::Status WritePacket(const TrackPacket& packet) override;
  absl::Status WriteSilence(int64_t frames) override;
  absl::Status Finish() override;
  absl::Status Wrote(int64_t frames);

  const int rate_hz_;
  const std::vector<size_t> order_;  // of channels in the file
  const std::unique_ptr<PacketDecoder> decoder_;
  const std::shared_ptr<PcmFile> file_;
  std::vector<float> pcm_;
  std::vector<int16_t> samples_;
  int64_t frames_beyond_header_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_PCM_TRACK_WRITER_H_
