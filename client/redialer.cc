#include "client/redialer.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <boost/system/error_code.hpp>
#include <random>
#include <utility>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// When a channel that tries again to connect is looked at, each time after
// twice as long: 315 ms in all, for which a far host may be connected to.
constexpr milliseconds kFirstLook{5};
constexpr milliseconds kLastLook{160};

// A call whose server still holds the sound is worth a quick try: the window is
// half a second.
constexpr int kQuicker = 4;

}  // namespace

Redialer::Redialer(const boost::asio::any_io_executor& executor,
                   ServerTargets& targets, const Options& options,
                   Listener& listener)
    : targets_(targets),
      clock_(options.clock),
      listener_(listener),
      backoff_(options.backoff, std::random_device()()),
      refused_backoff_(options.refused_backoff, std::random_device()()),
      timer_(executor),
      lookup_(
          executor, targets_, [this] { OnLookedUp(); }, options.find) {}

Redialer::~Redialer() = default;

void Redialer::Dial() {
  if (targets_.IsUnknown()) {
    awaits_address_ = true;
    lookup_.Start();
    return;
  }
  listener_.OnDial();
}

void Redialer::DialAgain(bool wanted, bool quick) {
  // Servers behind a name come and go.
  std::erase_if(not_before_, [now = clock_()](const auto& one) {
    return one.second <= now;
  });
  const microseconds wait = backoff_.Next(wanted) / (quick ? kQuicker : 1);
  waiting_since_ = steady_clock::now();
  Wait(std::max(wait, WaitForTarget()));
}

// However often a source begins, the attempts do not come closer than they
// would if it had played all the time.
void Redialer::Hurry() {
  if (!waiting_since_) return;
  const auto now = steady_clock::now();
  const nanoseconds wait = std::max<nanoseconds>(
      *waiting_since_ + backoff_.Next() - now, WaitForTarget());
  if (now + wait >= timer_.expiry()) return;
  Wait(std::chrono::duration_cast<microseconds>(wait));
}

void Redialer::Stop() {
  stopped_ = true;
  timer_.cancel();
}

void Redialer::PutOff(milliseconds delay) {
  not_before_[targets_.address()] = clock_() + backoff_.AtLeast(delay);
}

void Redialer::OnRefused() {
  MonotonicTime& time = not_before_[targets_.address()];
  time = std::max(time, clock_() + refused_backoff_.Next());
}

microseconds Redialer::WaitForTarget() const {
  const auto time = not_before_.find(targets_.address());
  if (time == not_before_.end()) return {};
  return std::chrono::duration_cast<microseconds>(time->second - clock_());
}

void Redialer::Wait(microseconds wait) {
  After(wait, [this] { Knock(); });
}

void Redialer::Knock() {
  waiting_since_.reset();
  // What is known is tried meanwhile.
  lookup_.Start();
  if (targets_.IsUnknown()) {
    awaits_address_ = true;
    return;
  }
  targets_.RenewIfFilesChanged();
  // Backoff governs. gRPC's own waits reach two minutes where a name cannot be
  // resolved, and half a minute where it is to be resolved anew.
  grpc::experimental::ChannelResetConnectionBackoff(targets_.channel().get());
  LookAndDial(kFirstLook);
}

void Redialer::LookAndDial(milliseconds wait) {
  // A channel that has failed fails every call until it is connected.
  if (wait > kLastLook ||
      targets_.channel()->GetState(false) != GRPC_CHANNEL_TRANSIENT_FAILURE) {
    listener_.OnDial();
    return;
  }
  After(wait, [this, wait] { LookAndDial(2 * wait); });
}

void Redialer::After(microseconds wait, std::function<void()> what) {
  timer_.expires_after(wait);
  timer_.async_wait(
      [this, what = std::move(what), alive = std::weak_ptr<int>(alive_)](
          const boost::system::error_code& error) {
        if (!error && !alive.expired() && !stopped_) what();
      });
}

void Redialer::OnLookedUp() {
  if (!awaits_address_ || stopped_) return;
  awaits_address_ = false;
  if (targets_.IsUnknown()) {
    listener_.OnNoAddress();
  } else {
    listener_.OnDial();
  }
}

}  // namespace earshot
