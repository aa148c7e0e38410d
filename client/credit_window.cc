#include "client/credit_window.h"

#include <algorithm>

namespace earshot {

void CreditWindow::Begin(int64_t position, int64_t initial_frames) {
  granted_frame_ = server_granted_frame_ = position + initial_frames;
}

void CreditWindow::Resume() { granted_frame_ = server_granted_frame_; }

bool CreditWindow::Grant(int64_t granted_frame) {
  server_granted_frame_ = std::max(server_granted_frame_, granted_frame);
  if (granted_frame <= granted_frame_) return false;
  granted_frame_ = granted_frame;
  return true;
}

void CreditWindow::Skip(int64_t frame_count) { granted_frame_ += frame_count; }

}  // namespace earshot
