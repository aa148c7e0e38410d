#ifndef EARSHOT_SINKS_CARD_PULL_H_
#define EARSHOT_SINKS_CARD_PULL_H_

#include <chrono>
#include <mutex>

#include "sinks/audio_sink.h"
#include "sinks/null_sink.h"

namespace earshot {

// How much of its sound a card holds: the least that it can do with, what a
// guest's clock hangs on, or enough that a machine that stands still for a
// moment is not heard.
enum class CardLatency { kLow, kUsual, kRelaxed };

// Who pulls from a source that has a sound card: the card, whenever it asks;
// and the monotonic clock while there is no card or it does not ask (its sound
// server is away, hangs, or has suspended it), so that the guest's clock never
// stands still. What the clock pulls is not heard. It begins with what was not
// pulled while we waited for the card, so that no delay is left of the wait.
//
// Threads: the card's calls Fill(); the play-out thread Start, Tick and Stop;
// either, SetCardThere(). The lock is held while the source is asked.
class CardPull {
 public:
  // How long a card that is there may be late where a guest's clock hangs on
  // it: longer than any buffer that we ask for, and shorter than what a guest's
  // card may stall.
  static constexpr std::chrono::milliseconds kPatience{60};
  // Before the source has played so long, a card may take longer, as it may
  // have to be woken: a beep is heard late rather than not at all. What a
  // client may send before it is told anything covers it.
  static constexpr std::chrono::milliseconds kStartPatience{200};

  // `patience`: how long a card may be late.
  CardPull(int rate_hz, int channels,
           std::chrono::milliseconds patience = kPatience);

  CardPull(const CardPull&) = delete;
  CardPull& operator=(const CardPull&) = delete;

  void Start(SoundSource* source, MonotonicTime now);
  // Pulls what is due if the card does not.
  void Tick(MonotonicTime now);
  // When it returns, the source is not asked any more.
  void Stop();

  // Fills all of `out`, interleaved: with silence after Stop().
  void Fill(absl::Span<float> out, MonotonicTime now);
  // Whether to wait for the card's next Fill() at all.
  void SetCardThere(bool there);

  // Whether the clock pulls.
  bool paced() const;

 private:
  bool Starting(MonotonicTime now) const {
    return now < start_ + kStartPatience;
  }
  void Pace(MonotonicTime now);

  const int rate_hz_;
  const int channels_;
  const std::chrono::milliseconds patience_;

  mutable std::mutex pull_mutex_;  // guards what follows
  SoundSource* source_ = nullptr;
  NullSink clock_;
  bool card_there_ = false;
  bool paced_ = false;
  int fills_ = 0;  // that the card has asked for while the clock pulls
  MonotonicTime start_;
  MonotonicTime due_;  // when the card has to ask next
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_CARD_PULL_H_
