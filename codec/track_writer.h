#ifndef EARSHOT_CODEC_TRACK_WRITER_H_
#define EARSHOT_CODEC_TRACK_WRITER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace earshot {

// A packet as it was played: see DuePacket of the contract.
struct TrackPacket {
  int64_t first_frame = 0;
  int64_t frame_count = 0;  // those to be heard
  int64_t drop_frames = 0;  // that the decoder puts out before them
  bool restart = false;     // the decoder starts anew before it
  absl::string_view payload;
};

// What a file says of its sound: names as Vorbis comments have them, such as
// TITLE.
using TrackTags = std::vector<std::pair<std::string, std::string>>;

// Writes one epoch, as it was played, to a file: exactly the frames that the
// stream has had. What is between two packets is digital silence, unless it was
// passed over; time in which nothing was played is left out.
// After an error nothing more is written. Thread: one at a time; may wait for
// the disk.
class TrackWriter {
 public:
  // `first_frame`: where the epoch begins.
  explicit TrackWriter(int64_t first_frame) : position_(first_frame) {}
  virtual ~TrackWriter() = default;

  TrackWriter(const TrackWriter&) = delete;
  TrackWriter& operator=(const TrackWriter&) = delete;

  absl::Status Packet(const TrackPacket& packet);
  absl::Status Skip(int64_t first_frame, int64_t frame_count);
  // The sound ends here: the file is complete. The last call but Flush.
  absl::Status End(int64_t end_frame);
  // What the file would hold after a crash is complete up to here.
  virtual absl::Status Flush() { return absl::OkStatus(); }

  // Where the track goes on.
  int64_t position() const { return position_; }

 private:
  virtual absl::Status WritePacket(const TrackPacket& packet) = 0;
  virtual absl::Status WriteSilence(int64_t frames) = 0;
  virtual absl::Status Finish() = 0;

  absl::Status SilenceUntil(int64_t frame);

  int64_t position_;
};

}  // namespace earshot

#endif  // EARSHOT_CODEC_TRACK_WRITER_H_
