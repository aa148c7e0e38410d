#include "client/response_checker.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// Grants reach 3.2 s ahead at most; this bounds what a careless server makes
// the client send blindly.
constexpr int kMaxWindowSeconds = 10;
constexpr int kMaxInitialWindowMs = 2000;

absl::Status Lie(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

}  // namespace

void ResponseChecker::OnOpen(bool token_shown) {
  opened_ = false;
  token_shown_ = token_shown;
}

void ResponseChecker::OnBegin(uint64_t epoch, int64_t position, int rate_hz) {
  Epoch e;
  e.id = epoch;
  e.rate_hz = rate_hz;
  e.sent = e.granted = e.received = e.played = position;
  epochs_.push_back(e);
}

void ResponseChecker::OnSent(int64_t position) {
  if (in_epoch()) epochs_.back().sent = std::max(epochs_.back().sent, position);
}

void ResponseChecker::OnSilence() {
  if (in_epoch()) epochs_.back().had_silence = true;
}

void ResponseChecker::OnEnd(int64_t end_frame) {
  OnSent(end_frame);
  if (in_epoch()) epochs_.back().ended = true;
}

absl::Status ResponseChecker::Check(v1::PlayResponse& response) {
  switch (response.response_case()) {
    case v1::PlayResponse::kOpened:
      return CheckOpened(*response.mutable_opened());
    case v1::PlayResponse::kGoAway:
      return absl::OkStatus();
    case v1::PlayResponse::kVolume:
      if (!opened_) return Lie("volume", "said before opened");
      return CheckVolume(response.volume());
    case v1::PlayResponse::kProgress:
      if (!opened_) return Lie("progress", "said before opened");
      return CheckProgress(*response.mutable_progress());
    case v1::PlayResponse::kDrained:
      if (!opened_) return Lie("drained", "said before opened");
      return CheckDrained(response.drained());
    case v1::PlayResponse::RESPONSE_NOT_SET:
      // A newer server may say what this client does not know.
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status ResponseChecker::CheckOpened(v1::Opened& opened) {
  if (opened_) return Lie("opened", "said twice");
  opened_ = true;
  if (!opened.resumed()) {
    epochs_.clear();
    last_drained_ = 0;
  } else if (absl::Status status = CheckResumed(opened); !status.ok()) {
    return status;
  }
  v1::Limits& limits = *opened.mutable_limits();
  limits.set_initial_window_ms(
      std::clamp(limits.initial_window_ms(), 0, kMaxInitialWindowMs));
  return absl::OkStatus();
}

absl::Status ResponseChecker::CheckResumed(const v1::Opened& opened) {
  if (!token_shown_) {
    return Lie("opened.resumed", "no resume token was shown");
  }
  const uint64_t id = opened.received_epoch();
  // What the server has not heard of was never begun.
  while (!epochs_.empty() && epochs_.back().id > id) epochs_.pop_back();
  if (id <= last_drained_) return absl::OkStatus();
  Epoch* e = Find(id);
  if (e == nullptr) {
    return Lie("opened.received_epoch", absl::StrCat(id, " was not begun"));
  }
  const int64_t frame = opened.received_frame();
  const int64_t known =
      e->had_silence ? std::max(e->sent, e->granted) : e->sent;
  if (frame < 0 || frame > known || (!e->had_silence && frame < e->received)) {
    return Lie("opened.received_frame",
               absl::StrCat(frame, " does not lie between what it had, ",
                            e->received, ", and what was sent, ", known));
  }
  if (opened.received_end() && !e->ended) {
    return Lie("opened.received_end", "no End was said");
  }
  e->ended = opened.received_end();
  e->sent = e->received = frame;
  return absl::OkStatus();
}

absl::Status ResponseChecker::CheckProgress(v1::Progress& progress) {
  if (progress.epoch() == 0) {
    // No epoch: the answer to a Ping.
    progress.set_granted_frame(0);
    return absl::OkStatus();
  }
  Epoch* e = Find(progress.epoch());
  if (e == nullptr) {
    // One that crossed with Drained says nothing new.
    if (progress.epoch() <= last_drained_) return absl::OkStatus();
    return Lie("progress.epoch",
               absl::StrCat(progress.epoch(), " was not begun on this call"));
  }
  const int64_t granted = std::min(
      progress.granted_frame(),
      std::max(e->sent, e->played) + int64_t{kMaxWindowSeconds} * e->rate_hz);
  if (granted < e->granted) {
    return Lie("progress.granted_frame",
               absl::StrCat(progress.granted_frame(), " goes back behind ",
                            e->granted));
  }
  // Silence is played before its end is known, but not beyond the grant.
  const int64_t known = e->had_silence ? std::max(e->sent, granted) : e->sent;
  if (progress.received_frame() > known) {
    return Lie("progress.received_frame",
               absl::StrCat(progress.received_frame(),
                            " lies beyond what was sent, ", known));
  }
  if (progress.played_frame() > progress.received_frame()) {
    return Lie("progress.played_frame",
               absl::StrCat(progress.played_frame(), " lies beyond received, ",
                            progress.received_frame()));
  }
  if (!e->had_silence && (progress.received_frame() < e->received ||
                          progress.played_frame() < e->played)) {
    return Lie(progress.played_frame() < e->played ? "progress.played_frame"
                                                   : "progress.received_frame",
               "it goes back");
  }
  if (progress.played_frame() < 0) {
    return Lie("progress.played_frame", "it is negative");
  }
  e->granted = granted;
  e->received = progress.received_frame();
  e->played = progress.played_frame();
  progress.set_granted_frame(granted);
  return absl::OkStatus();
}

absl::Status ResponseChecker::CheckVolume(const v1::Volume& volume) {
  if (std::isfinite(volume.gain_db()) && volume.gain_db() <= 0) {
    return absl::OkStatus();
  }
  return Lie("volume.gain_db",
             absl::StrCat(volume.gain_db(), " is not 0 at most"));
}

absl::Status ResponseChecker::CheckDrained(const v1::Drained& drained) {
  Epoch* e = Find(drained.epoch());
  if (e == nullptr || !e->ended) {
    return Lie("drained.epoch",
               absl::StrCat(drained.epoch(), " was not ended on this call"));
  }
  if (drained.played_frame() < 0 || drained.played_frame() > e->sent) {
    return Lie("drained.played_frame",
               absl::StrCat(drained.played_frame(), " lies beyond the end, ",
                            e->sent));
  }
  // Epochs are played in their order, so those before it are over as well.
  last_drained_ = drained.epoch();
  while (!epochs_.empty() && epochs_.front().id <= last_drained_) {
    epochs_.pop_front();
  }
  return absl::OkStatus();
}

ResponseChecker::Epoch* ResponseChecker::Find(uint64_t id) {
  for (Epoch& e : epochs_) {
    if (e.id == id) return &e;
  }
  return nullptr;
}

}  // namespace earshot
