#ifndef EARSHOT_SERVER_EPOCH_PLAYER_H_
#define EARSHOT_SERVER_EPOCH_PLAYER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "codec/packet_decoder.h"
#include "server/epoch.h"
#include "server/seam.h"
#include "server/stream_types.h"

namespace earshot {

// Turns the steps of an epoch into sound: decodes, copies, and covers seams.
// Thread: the play-out's.
class EpochPlayer {
 public:
  explicit EpochPlayer(const EpochParams& params);

  uint64_t epoch() const { return params_.epoch; }
  int rate_hz() const { return params_.rate_hz; }
  // What the decoder put out before the last packet's frames.
  int dropped_frames() const {
    return decoder_ != nullptr ? decoder_->dropped_frames() : 0;
  }
  // Frames of the last packet that were not played yet.
  int64_t decoded_frames() const;

  int64_t FramesIn(absl::Span<const float> sound) const;
  // Does a step. Its sound, if it has any, goes to the start of *out, which is
  // the rest of it afterwards. Returns the frames of it.
  int64_t Do(const Epoch::Step& step, absl::Span<float>* out);
  // Fills what the epoch has nothing for; `silent`: because it is silent.
  void Rest(bool silent, absl::Span<float> out);

 private:
  void Copy(absl::Span<float> to);
  void Decode(const Epoch::Step& step);

  const EpochParams params_;
  std::unique_ptr<PacketDecoder> decoder_;  // null if there can be none
  Seam seam_;
  std::vector<float> pcm_;  // the last packet, decoded
  size_t pcm_used_ = 0;     // samples of it that were played
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_EPOCH_PLAYER_H_
