// A hostile server: any sequence of responses, between what a client says. What
// passes the check must fit what was said.
#include <cstdint>
#include <cstdlib>

#include "client/response_checker.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  earshot::ResponseChecker checker;
  uint64_t epoch = 0;
  int64_t sent = 0;
  int64_t granted = 0;
  bool silence = false;
  // Length-prefixed: 0xff and an action of the client, or a response.
  while (size > 1) {
    const size_t length = data[0];
    ++data;
    --size;
    if (length == 0xff) {
      const uint8_t action = data[0];
      ++data;
      --size;
      if (action >= 250) {
        checker.OnOpen(action % 2 == 0);
      } else if (!checker.in_epoch()) {
        sent = granted = action * 480;
        silence = false;
        checker.OnBegin(++epoch, sent, 48000);
      } else if (action < 200) {
        checker.OnSent(sent += action);
      } else if (action < 220) {
        checker.OnSilence();
        silence = true;
      } else {
        checker.OnEnd(sent);
      }
      continue;
    }
    const size_t take = length < size ? length : size;
    earshot::v1::PlayResponse response;
    const bool parsed = response.ParseFromArray(data, static_cast<int>(take));
    data += take;
    size -= take;
    if (!parsed) continue;
    if (!checker.Check(response).ok()) return 0;
    // The epoch goes on from what the server has.
    if (response.has_opened() && checker.in_epoch()) {
      if (response.opened().received_epoch() != epoch ||
          response.opened().received_end() ||
          (!silence && response.opened().received_frame() > sent)) {
        std::abort();
      }
      sent = response.opened().received_frame();
    }
    if (!response.has_progress() || !checker.in_epoch() ||
        response.progress().epoch() != epoch) {
      continue;
    }
    const earshot::v1::Progress& p = response.progress();
    if (p.granted_frame() < granted || p.played_frame() > p.received_frame() ||
        (!silence && p.received_frame() > sent)) {
      std::abort();
    }
    granted = p.granted_frame();
  }
  return 0;
}
