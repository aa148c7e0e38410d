#ifndef EARSHOT_CLIENT_PACKET_ENCODER_H_
#define EARSHOT_CLIENT_PACKET_ENCODER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace earshot {

// Turns PCM of any size into packets with exact positions. This class keeps the
// grid, the positions and the silence, which are the same for every codec; a
// derived class codes one block.
//
// Since the codec started at position s, block k is the input
// [s + k*N, s + (k+1)*N). A decoder lags by P = pre_skip_frames(), so packet k
// holds [s + max(0, k*N - P), s + (k+1)*N - P): see Packet in playback.proto.
// Where N <= P the first block is 2*N frames long, so that its packet holds
// something.
//
// Digital silence (every sample 0) is declared once, when the decoder's output
// has died away, and then neither coded nor sent: the states of encoder and
// decoder stand still together, so the sound goes on without a seam.
//
// Thread: any, one at a time. Samples are interleaved floats in [-1, 1).
// Positions are frames since the epoch began. Nothing is allocated per packet.
class PacketEncoder {
 public:
  struct Packet {
    int64_t first_frame = 0;
    int frame_count = 0;
    absl::Span<const uint8_t> payload;  // valid during the call
    int decoded_frames = 0;             // what a decoder makes of it
    bool codec_start = false;           // the first since StartAt()
  };
  class Output {
   public:
    virtual ~Output() = default;
    virtual void OnPacket(const Packet& packet) = 0;
    // Digital silence from `first_frame` until the next packet, or the end.
    virtual void OnSilence(int64_t first_frame) = 0;
  };

  virtual ~PacketEncoder() = default;
  PacketEncoder(const PacketEncoder&) = delete;
  PacketEncoder& operator=(const PacketEncoder&) = delete;

  int channels() const { return shape_.channels; }
  int packet_frames() const { return shape_.packet_frames; }
  int pre_skip_frames() const { return shape_.pre_skip_frames; }

  // Starts the codec anew; the next input frame is at `position`. What was not
  // flushed is forgotten.
  void StartAt(int64_t position);
  // Takes whole frames.
  void Encode(absl::Span<const float> pcm, Output& output);
  // Pads with zeros until everything that went in came out; the last packet is
  // trimmed to it. StartAt() must follow before more goes in.
  void Finish(Output& output);

  // Where the next packet or silence begins: all before has come out.
  int64_t position() const { return position_; }
  // Where the next input frame is.
  int64_t input_position() const { return block_start_ + filled_; }
  // Where the next packet begins, if silence ends now.
  int64_t quiet_end() const;
  // Silence was declared, and has not ended.
  bool silent() const { return silent_; }
  // Where input_position() must come for the next packet.
  int64_t next_packet_input() const { return block_start_ + block_frames_; }

 protected:
  struct Shape {
    int channels = 2;
    int packet_frames = 480;   // N
    int pre_skip_frames = 0;   // P
    int hangover_packets = 1;  // zero packets until the decoder puts out zeros
  };
  explicit PacketEncoder(const Shape& shape);

 private:
  virtual void RestartCodec() = 0;
  // Codes packet_frames() or twice as many; the bytes are valid until the next
  // call.
  virtual absl::Span<const uint8_t> CodeBlock(absl::Span<const float> pcm) = 0;

  void TakeBlock(absl::Span<const float> pcm, int64_t end, Output& output);

  const Shape shape_;
  std::vector<float> block_;  // the block that is being filled
  int filled_ = 0;            // frames of it
  int block_frames_ = 0;      // its length
  int64_t start_ = 0;         // where the codec started
  int64_t block_start_ = 0;
  int64_t position_ = 0;
  int zero_blocks_ = 0;     // in a row
  bool had_sound_ = false;  // since the codec started
  bool silent_ = false;     // declared
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PACKET_ENCODER_H_
