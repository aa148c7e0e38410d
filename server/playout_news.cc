#include "server/playout_news.h"

#include <utility>

#include "server/session_stats.h"

namespace earshot {

void PlayoutNews::Begin(const EpochParams& params, MonotonicTime due) {
  restarted_ = false;
  Played played{Played::Kind::kEpoch, due};
  played.params = params;
  Publish(std::move(played));
}

void PlayoutNews::Did(Epoch::Step step, int dropped_frames, MonotonicTime due) {
  using Kind = Epoch::Step::Kind;
  Played played{Played::Kind::kPacket, due, step.first_frame, step.frames};
  switch (step.kind) {
    case Kind::kDecode:
      played.drop_frames = dropped_frames;
      played.restart = std::exchange(restarted_, false);
      played.payload = std::move(step.payload);
      break;
    case Kind::kRestart:
      restarted_ = true;
      played.kind = Played::Kind::kSkip;
      break;
    case Kind::kZeros:
      if (step.frames == 0) return;
      played.kind = Played::Kind::kSilence;
      break;
    case Kind::kCopy:  // of a packet that was told
    case Kind::kNothing:
      return;
  }
  Publish(std::move(played));
}

void PlayoutNews::HadNothing(const Epoch& epoch, const Epoch::Step& step,
                             MonotonicTime due) {
  if (epoch.state() == Epoch::State::kDone) return;
  Played played{Played::Kind::kStandstill, due, epoch.played_position()};
  played.state = StateOf(epoch);
  if (step.frames > 0) {  // silence whose end is open
    played.kind = Played::Kind::kSilence;
    played.first_frame = step.first_frame;
  }
  Publish(std::move(played));
}

void PlayoutNews::End(const Epoch& epoch, MonotonicTime due) {
  Played played{Played::Kind::kEnd, due, epoch.played_position()};
  played.params = epoch.params();
  Publish(std::move(played));
}

void PlayoutNews::Publish(Played played) {
  if (observer_ != nullptr) observer_->OnPlayed(played);
  feed_->Add(std::move(played));
}

}  // namespace earshot
