#ifndef EARSHOT_CLIENT_REDIALER_H_
#define EARSHOT_CLIENT_REDIALER_H_

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client/backoff.h"
#include "client/monotonic_time.h"
#include "client/server_targets.h"
#include "client/target_lookup.h"

namespace earshot {

// When a stream makes its next call after one that is over: after the backoff,
// not before the target's server wants to be asked again, and once the target
// has an address, for which it is looked up. Which target is next is for the
// owner, as are the calls. Thread: the executor's loop.
class Redialer {
 public:
  struct Options {
    Backoff::Options backoff;
    Backoff::Options refused_backoff;  // after a server that will not have us
    std::function<MonotonicTime()> clock = std::chrono::steady_clock::now;
    TargetLookup::Find find = TargetLookup::FindAddresses;
  };
  class Listener {
   public:
    virtual ~Listener() = default;
    // The call is to be made now, to the targets' address in use.
    virtual void OnDial() = 0;
    // The name in use has no address: the owner turns to the next target, and
    // to DialAgain().
    virtual void OnNoAddress() = 0;
  };

  // `targets` and `listener` outlive it.
  Redialer(const boost::asio::any_io_executor& executor, ServerTargets& targets,
           const Options& options, Listener& listener);
  ~Redialer();

  // Has the first call made: at once if the target has an address.
  void Dial();
  // Has the next one made, later; sooner if it is `wanted`, and much sooner if
  // it is to be `quick`.
  void DialAgain(bool wanted, bool quick = false);
  // It is wanted since just now: the wait may be shorter.
  void Hurry();
  // No call is made any more.
  void Stop();

  // The call to the target in use carried something: the backoff begins anew.
  void OnUseful() { backoff_.Reset(); }
  // Its server has us.
  void OnAccepted() { refused_backoff_.Reset(); }
  // Its server wants to be left alone: spread, for it says so to many.
  void PutOff(std::chrono::milliseconds delay);
  // Its server will not have us.
  void OnRefused();
  // For how long the target in use is still to be left alone.
  std::chrono::microseconds WaitForTarget() const;
  // Looks the targets' names up, for whoever connects next.
  void LookUp() { lookup_.Start(); }

 private:
  void Wait(std::chrono::microseconds wait);
  // The channel tries to connect at once, and is given a moment for it.
  void Knock();
  void LookAndDial(std::chrono::milliseconds wait);
  void After(std::chrono::microseconds wait, std::function<void()> what);
  void OnLookedUp();

  ServerTargets& targets_;
  const std::function<MonotonicTime()> clock_;
  Listener& listener_;
  Backoff backoff_;
  Backoff refused_backoff_;
  std::map<std::string, MonotonicTime> not_before_;  // by address
  boost::asio::steady_timer timer_;
  TargetLookup lookup_;
  bool awaits_address_ = false;  // the first that a name has
  // Between two attempts.
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
  bool stopped_ = false;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_REDIALER_H_
