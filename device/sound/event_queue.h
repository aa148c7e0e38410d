#ifndef EARSHOT_DEVICE_SOUND_EVENT_QUEUE_H_
#define EARSHOT_DEVICE_SOUND_EVENT_QUEUE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "device/sound/device_queue.h"
#include "device/sound/virtio_snd.h"
#include "device/virtio/virtio_device.h"

namespace earshot {

// What the device has to tell the driver on the event queue: jacks (5.14.6.5),
// underflows (5.14.6.7) and control elements (5.14.6.10). What is pending is
// kept as state, the latest of each jack, stream and control element, and is
// sent when the driver has given buffers: it neither blocks nor grows, however
// long the driver gives none. Serve() it after anything has changed.
//
// PERIOD_ELAPSED is never sent: only VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS enables
// it, "for shared memory transport" (5.14.6.6.2), which the device has not; in
// message-based transport "the completion of such an I/O request can be
// considered an elapsed period notification" (5.14.6.8).
//
// Ids that do not exist are ignored. Thread: the device's loop.
class EventQueue {
 public:
  // How long after a request of a probing driver no event is sent. Linux sets
  // its jacks and controls up while its event queue is filled already, and
  // touches what is not there yet if an event comes meanwhile. What has changed
  // is told afterwards, so it costs nothing to be generous to a slow guest. A
  // program that uses the card ends it: there is none before all is set up.
  static constexpr std::chrono::seconds kProbe{1};

  struct Counts {
    uint32_t jacks = 0;
    uint32_t streams = 0;
    uint32_t controls = 0;
  };
  struct Stats {
    int64_t sent = 0;
    int64_t bad_buffers = 0;  // given back, too small for an event
  };

  // `queue` outlives it.
  EventQueue(DeviceQueue* queue, const Counts& counts);

  // What the jack says. An event is due if the driver knows it otherwise.
  void SetJack(uint32_t jack_id, bool connected);
  // The driver has read it (JACK_INFO): that is what it knows from here on.
  void JackWasRead(uint32_t jack_id, bool connected);
  // The stream underflowed. Once at a time; ForgetXrun() when it is no longer
  // of interest.
  void AddXrun(uint32_t stream_id);
  void ForgetXrun(uint32_t stream_id);
  // 5.14.6.10: `mask` says what has changed, bits of SndCtlEventMask. Several
  // changes that wait become one event. Not if VIRTIO_SND_F_CTLS was not
  // negotiated.
  void NotifyControl(uint16_t control_id, uint16_t mask);

  // The driver has sent a request of the control queue. Before its first one
  // nothing is sent.
  void OnRequest(uint32_t code, MonotonicTime now);
  // The driver starts from nothing: forgets what is pending, but not what was
  // told of the jacks: a driver that resumes from suspension does not ask again
  // (Linux), one that probes does.
  void Reset();

  // Sends what is pending as far as there are buffers.
  void Serve(MonotonicTime now);
  // When to Serve() again; max() for not before something happens.
  MonotonicTime NextDeadline(MonotonicTime now) const;

  bool has_pending() const;
  const Stats& stats() const { return stats_; }

 private:
  struct Jack {
    bool connected = false;
    std::optional<bool> told;
    bool is_due() const { return told && *told != connected; }
  };

  // Takes the next buffer and puts `event` into it; false if there is none.
  bool Send(const SndEvent& event, int* budget);
  bool SendJacks(int* budget);
  bool SendXruns(int* budget);
  bool SendControls(int* budget);

  DeviceQueue* const queue_;
  std::vector<Jack> jacks_;
  std::vector<bool> xruns_;                 // per stream
  std::vector<uint16_t> controls_;          // per control: the mask that waits
  std::optional<MonotonicTime> open_from_;  // none before the first request
  bool budget_spent_ = false;
  Stats stats_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_EVENT_QUEUE_H_
