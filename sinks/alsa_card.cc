#include "sinks/alsa_card.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "sinks/alsa_channels.h"
#include "sinks/frame_time.h"
#include "sinks/sample_format.h"

namespace earshot {
namespace {

// One is played, one waits, and one is being written.
constexpr unsigned kPeriods = 3;

// libasound would write to the standard error, at each try.
void OnAlsaError(const char* file, int line, const char*, int, const char*,
                 ...) {
  spdlog::debug("libasound complained file={} line={}", file, line);
}

absl::Status Error(const char* what, int error) {
  return absl::UnavailableError(absl::StrCat(what, ": ", snd_strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AlsaCard>> AlsaCard::Open(
    const std::string& pcm, int rate_hz, const ChannelLayout& layout,
    std::chrono::microseconds period) {
  snd_lib_error_set_handler(&OnAlsaError);
  snd_pcm_t* handle = nullptr;
  const int error = snd_pcm_open(&handle, pcm.c_str(), SND_PCM_STREAM_PLAYBACK,
                                 SND_PCM_NONBLOCK);
  if (error < 0) return Error("cannot open it", error);
  std::unique_ptr<AlsaCard> card(new AlsaCard(handle, rate_hz, layout));
  const absl::Status status = card->Configure(period);
  if (!status.ok()) return status;
  return card;
}

AlsaCard::~AlsaCard() { snd_pcm_close(pcm_); }

absl::Status AlsaCard::Configure(std::chrono::microseconds period) {
  snd_pcm_hw_params_t* hw = nullptr;
  snd_pcm_hw_params_alloca(&hw);
  int error = snd_pcm_hw_params_any(pcm_, hw);
  if (error < 0) return Error("no configuration", error);
  error = snd_pcm_hw_params_set_access(pcm_, hw, SND_PCM_ACCESS_RW_INTERLEAVED);
  if (error < 0) return Error("not interleaved", error);
  s16_ = snd_pcm_hw_params_test_format(pcm_, hw, SND_PCM_FORMAT_FLOAT) < 0;
  error = snd_pcm_hw_params_set_format(
      pcm_, hw, s16_ ? SND_PCM_FORMAT_S16 : SND_PCM_FORMAT_FLOAT);
  if (error < 0) return Error("takes neither float nor S16", error);
  const unsigned channels =
      AlsaChannels(pcm_, hw, static_cast<unsigned>(layout_.size()));
  error = snd_pcm_hw_params_set_channels(pcm_, hw, channels);
  if (error < 0) return Error("no number of channels", error);
  error =
      snd_pcm_hw_params_set_rate(pcm_, hw, static_cast<unsigned>(rate_hz_), 0);
  if (error < 0) return Error("does not take the stream's rate", error);
  period_frames_ = static_cast<snd_pcm_uframes_t>(
      std::max<int64_t>(1, FramesIn(period, rate_hz_)));
  error = snd_pcm_hw_params_set_period_size_near(pcm_, hw, &period_frames_,
                                                 nullptr);
  if (error < 0) return Error("no period", error);
  buffer_frames_ = kPeriods * period_frames_;
  error = snd_pcm_hw_params_set_buffer_size_near(pcm_, hw, &buffer_frames_);
  if (error < 0) return Error("no buffer", error);
  error = snd_pcm_hw_params(pcm_, hw);
  if (error < 0) return Error("not configured", error);
  mix_ = ChannelMix(layout_, AlsaLayout(pcm_, channels));

  snd_pcm_sw_params_t* sw = nullptr;
  snd_pcm_sw_params_alloca(&sw);
  error = snd_pcm_sw_params_current(pcm_, sw);
  if (error < 0) return Error("no parameters", error);
  const snd_pcm_uframes_t start =
      buffer_frames_ / period_frames_ * period_frames_;
  snd_pcm_sw_params_set_start_threshold(pcm_, sw, start);
  snd_pcm_sw_params_set_avail_min(pcm_, sw, period_frames_);
  error = snd_pcm_sw_params(pcm_, sw);
  if (error < 0) return Error("parameters not taken", error);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> AlsaCard::Wait(std::chrono::milliseconds timeout) {
  const int ready = snd_pcm_wait(pcm_, static_cast<int>(timeout.count()));
  if (ready == 0) return 0;
  snd_pcm_sframes_t room = ready < 0 ? ready : snd_pcm_avail_update(pcm_);
  if (room < 0) {
    const absl::Status status = Recover(static_cast<int>(room));
    if (!status.ok()) return status;
    room = snd_pcm_avail_update(pcm_);
  }
  if (room < static_cast<snd_pcm_sframes_t>(period_frames_)) return 0;
  return static_cast<int64_t>(period_frames_);
}

absl::Status AlsaCard::Write(absl::Span<const float> samples) {
  mix_.Apply(samples, &mixed_);
  const void* data = mixed_.data();
  if (s16_) {
    samples_s16_.resize(mixed_.size());
    std::transform(mixed_.begin(), mixed_.end(), samples_s16_.begin(), ToS16);
    data = samples_s16_.data();
  }
  const snd_pcm_uframes_t frames = samples.size() / layout_.size();
  snd_pcm_sframes_t written = snd_pcm_writei(pcm_, data, frames);
  if (written < 0 && written != -EAGAIN) {
    const absl::Status status = Recover(static_cast<int>(written));
    if (!status.ok()) return status;
    written = snd_pcm_writei(pcm_, data, frames);
  }
  // There was room for it, so that a part is left out hardly ever happens.
  if (written < 0 && written != -EAGAIN) {
    return Error("cannot write", static_cast<int>(written));
  }
  return absl::OkStatus();
}

std::chrono::nanoseconds AlsaCard::Delay() {
  snd_pcm_sframes_t frames = 0;
  if (snd_pcm_delay(pcm_, &frames) < 0) frames = 0;
  return DurationOf(std::max<int64_t>(0, frames), rate_hz_);
}

absl::Status AlsaCard::Recover(int error) {
  if (error == -EPIPE) ++underruns_;
  // A card that cannot resume yet is set up anew: nothing here may block.
  if (error == -ESTRPIPE && snd_pcm_resume(pcm_) == 0) return absl::OkStatus();
  if (error != -EPIPE && error != -ESTRPIPE && error != -EINTR) {
    return Error("it is gone", error);
  }
  const int prepared = error == -EINTR ? 0 : snd_pcm_prepare(pcm_);
  if (prepared < 0) return Error("cannot go on", prepared);
  return absl::OkStatus();
}

}  // namespace earshot
