#include "sinks/pulse_connection.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// A sound server that restarts is away for less than a second; one that is
// not there is asked seldom.
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{2000};

}  // namespace

PulseConnection::PulseConnection(std::function<void()> changed)
    : changed_(std::move(changed)), pause_(kFirstPause) {}

PulseConnection::~PulseConnection() {
  if (loop_ == nullptr) return;
  pa_threaded_mainloop_stop(loop_);
  CancelTimer(&retry_);
  if (context_ != nullptr) {
    pa_context_set_state_callback(context_, nullptr, nullptr);
    pa_context_disconnect(context_);
    pa_context_unref(context_);
  }
  pa_threaded_mainloop_free(loop_);
}

void PulseConnection::Start() {
  loop_ = pa_threaded_mainloop_new();
  if (loop_ == nullptr) {
    SetProblem("PulseAudio: no memory");
    return;
  }
  pa_threaded_mainloop_set_name(loop_, "pulse");
  NewContext();
  if (pa_threaded_mainloop_start(loop_) < 0) {
    SetProblem("PulseAudio: no thread");
    return;
  }
  const LoopLock lock(*this);
  Connect();
}

pa_time_event* PulseConnection::StartTimer(std::chrono::milliseconds delay,
                                           pa_time_event_cb_t callback,
                                           void* userdata) {
  if (context_ == nullptr) return nullptr;
  const std::chrono::microseconds wait = delay;
  return pa_context_rttime_new(
      context_, pa_rtclock_now() + static_cast<pa_usec_t>(wait.count()),
      callback, userdata);
}

void PulseConnection::CancelTimer(pa_time_event** timer) {
  if (*timer != nullptr) {
    pa_threaded_mainloop_get_api(loop_)->time_free(*timer);
  }
  *timer = nullptr;
}

std::string PulseConnection::server() const {
  const char* name = context_ ? pa_context_get_server(context_) : nullptr;
  if (name == nullptr) name = std::getenv("PULSE_SERVER");
  if (name == nullptr) return "its usual address";
  std::string text = name;
  // The machine for which the address holds: "{0123456789}unix:/a".
  if (text.front() == '{') text.erase(0, text.find('}') + 1);
  return text;
}

std::string PulseConnection::problem() const {
  const std::lock_guard lock(problem_mutex_);
  return problem_;
}

void PulseConnection::SetProblem(std::string problem) {
  const std::lock_guard lock(problem_mutex_);
  problem_ = std::move(problem);
}

void PulseConnection::NewContext() {
  pa_proplist* properties = pa_proplist_new();
  pa_proplist_sets(properties, PA_PROP_APPLICATION_NAME, "Earshot");
  pa_proplist_sets(properties, PA_PROP_APPLICATION_ICON_NAME, "audio-card");
  context_ = pa_context_new_with_proplist(pa_threaded_mainloop_get_api(loop_),
                                          "Earshot", properties);
  pa_proplist_free(properties);
  if (context_ == nullptr) {
    SetProblem("PulseAudio: no memory");
    return;
  }
  pa_context_set_state_callback(context_, &OnState, this);
}

void PulseConnection::Connect() {
  pa_context* const context = context_;
  if (context == nullptr) return;
  pa_context_ref(context);
  // Starting a sound server of our own is not what a service should do.
  const int result =
      pa_context_connect(context, nullptr, PA_CONTEXT_NOAUTOSPAWN, nullptr);
  // It may have told OnState() already.
  if (result < 0 && context == context_) Lost();
  pa_context_unref(context);
}

void PulseConnection::OnState(pa_context* context, void* self) {
  auto* const connection = static_cast<PulseConnection*>(self);
  if (context != connection->context_) return;
  const pa_context_state_t state = pa_context_get_state(context);
  if (state == PA_CONTEXT_READY) connection->Connected();
  if (!PA_CONTEXT_IS_GOOD(state)) connection->Lost();
}

void PulseConnection::Connected() {
  connected_ = true;
  pause_ = kFirstPause;
  SetProblem("");
  spdlog::info("sound server connected server=\"{}\"", server());
  changed_();
}

void PulseConnection::Lost() {
  const std::string error = pa_strerror(pa_context_errno(context_));
  std::string text =
      absl::StrCat("PulseAudio at ", server(), ": ", error, "; trying again");
  if (text != problem()) {  // not at each try
    spdlog::warn("sound server lost server=\"{}\" error=\"{}\"", server(),
                 error);
  }
  SetProblem(std::move(text));
  const bool was_connected = std::exchange(connected_, false);
  if (was_connected) changed_();
  CancelTimer(&retry_);
  pa_context_set_state_callback(context_, nullptr, nullptr);
  pa_context_unref(context_);
  NewContext();
  retry_ = StartTimer(
      pause_,
      [](pa_mainloop_api*, pa_time_event*, const timeval*, void* self) {
        static_cast<PulseConnection*>(self)->Connect();
      },
      this);
  pause_ = std::min(2 * pause_, kLongestPause);
}

}  // namespace earshot
