#ifndef EARSHOT_CLIENT_PACKET_RECORDER_H_
#define EARSHOT_CLIENT_PACKET_RECORDER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "client/packet_encoder.h"

namespace earshot {

// Keeps what an encoder puts out, in its order. For tests.
class PacketRecorder : public PacketEncoder::Output {
 public:
  struct Item {
    bool silence = false;
    int64_t first_frame = 0;
    int frame_count = 0;  // 0: silence, until the next item
    std::vector<uint8_t> payload;
  };

  void OnPacket(const PacketEncoder::Packet& packet) override {
    items.push_back({false,
                     packet.first_frame,
                     packet.frame_count,
                     {packet.payload.begin(), packet.payload.end()}});
  }
  void OnSilence(int64_t first_frame) override {
    items.push_back({true, first_frame, 0, {}});
  }

  std::vector<Item> items;
};

// Whether the items of one codec start follow on each other without a gap from
// `start` to `end`, and every packet holds something.
inline bool Covers(const std::vector<PacketRecorder::Item>& items,
                   int64_t start, int64_t end) {
  int64_t position = start;
  bool silent = false;
  for (const PacketRecorder::Item& item : items) {
    if (silent ? item.first_frame < position : item.first_frame != position) {
      return false;
    }
    if (!item.silence && item.frame_count < 1) return false;
    position = item.first_frame + item.frame_count;
    silent = item.silence;
  }
  return silent ? end >= position : end == position;
}

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PACKET_RECORDER_H_
