#ifndef EARSHOT_SINKS_PULSE_CONNECTION_H_
#define EARSHOT_SINKS_PULSE_CONNECTION_H_

#include <pulse/pulseaudio.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

namespace earshot {

// The connection to a sound server that speaks PulseAudio's protocol, with the
// thread that serves it. Where that server is, PULSE_SERVER and libpulse's own
// configuration say. A connection that is lost, or was refused, is tried again
// until it stands, with growing pauses.
//
// Threads: LoopLock may be taken by any thread but the loop's own, which holds
// it during all callbacks; all but problem() needs it.
class PulseConnection {
 public:
  // `changed` is called on the loop's thread when context() changes.
  explicit PulseConnection(std::function<void()> changed);
  ~PulseConnection();

  PulseConnection(const PulseConnection&) = delete;
  PulseConnection& operator=(const PulseConnection&) = delete;

  // Begins to connect. Without the lock; once.
  void Start();

  // Null unless the connection stands.
  pa_context* context() const { return connected_ ? context_ : nullptr; }
  // Calls back once, on the loop's thread; null if there is no loop. To be
  // given back by CancelTimer(), also after it was called.
  pa_time_event* StartTimer(std::chrono::milliseconds delay,
                            pa_time_event_cb_t callback, void* userdata);
  void CancelTimer(pa_time_event** timer);
  // The sound server's address, for people.
  std::string server() const;

  // What is wrong, for people; empty if nothing is. Any thread.
  std::string problem() const;

 private:
  friend class LoopLock;

  static void OnState(pa_context* context, void* self);
  void NewContext();
  void Connect();
  void Connected();
  void Lost();
  void SetProblem(std::string problem);

  const std::function<void()> changed_;
  pa_threaded_mainloop* loop_ = nullptr;
  pa_context* context_ = nullptr;
  bool connected_ = false;
  pa_time_event* retry_ = nullptr;
  std::chrono::milliseconds pause_;

  mutable std::mutex problem_mutex_;  // guards problem_
  std::string problem_;
};

// Holds the loop's thread off.
class LoopLock {
 public:
  explicit LoopLock(const PulseConnection& connection)
      : loop_(connection.loop_) {
    if (loop_ != nullptr) pa_threaded_mainloop_lock(loop_);
  }
  ~LoopLock() {
    if (loop_ != nullptr) pa_threaded_mainloop_unlock(loop_);
  }

  LoopLock(const LoopLock&) = delete;
  LoopLock& operator=(const LoopLock&) = delete;

 private:
  pa_threaded_mainloop* const loop_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_PULSE_CONNECTION_H_
