#ifndef EARSHOT_SERVER_PLAY_VOLUME_H_
#define EARSHOT_SERVER_PLAY_VOLUME_H_

#include <mutex>

namespace earshot {

// How loud a stream is to be played, as earshot.v1.Volume has it.
struct VolumeSetting {
  // At this and below, nothing is heard.
  static constexpr double kSilentDb = -60;

  double gain_db = 0;  // finite, 0 at most
  bool mute = false;

  bool operator==(const VolumeSetting&) const = default;
  // What samples are multiplied by: exactly 1 at 0 dB, exactly 0 where nothing
  // is heard.
  float factor() const;
};

// The volume of the stream of one name. It outlives sessions: one that takes
// the place of another shares it. Thread-safe; its lock is held for no call
// out.
class PlayVolume {
 public:
  PlayVolume() = default;
  explicit PlayVolume(const VolumeSetting& setting) : setting_(setting) {}

  void Set(const VolumeSetting& setting);
  VolumeSetting Get() const;

 private:
  mutable std::mutex setting_mutex_;
  VolumeSetting setting_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_PLAY_VOLUME_H_
