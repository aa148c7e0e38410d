// The floor of earshot-device: libopus alone, which codes a packet every 10 ms;
// with --server also a client of gRPC's callback API that sends each packet at
// once. Of its last seconds it prints
//   cpu_ms_per_s=… packets=… payload_bytes=…
#include <grpcpp/grpcpp.h>
#include <opus/opus.h>
#include <time.h>

#include <boost/program_options.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "tests/benchmark/chord.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kPacketFrames = 480;
constexpr int kMostBytes = 1500;
constexpr std::chrono::milliseconds kPacket(10);

struct Flags {
  std::string server;
  std::string codec;
  int complexity = 10;
  double seconds = 10;
  double settle = 2;
};

double CpuSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * time.tv_nsec;
}

class Coder {
 public:
  Coder(const std::string& codec, int complexity) : opus_(codec == "opus") {
    int error = OPUS_OK;
    encoder_ = opus_encoder_create(
        kRate, kChannels, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
    opus_encoder_ctl(encoder_, OPUS_SET_BITRATE(128000));
    opus_encoder_ctl(encoder_, OPUS_SET_COMPLEXITY(complexity));
  }
  ~Coder() { opus_encoder_destroy(encoder_); }
  Coder(const Coder&) = delete;
  Coder& operator=(const Coder&) = delete;

  // The next packet of the chord.
  void Code(std::string& payload) {
    const size_t samples = kPacketFrames * kChannels;
    const int16_t* pcm = chord_.data() + at_;
    at_ = (at_ + samples) % chord_.size();
    if (!opus_) {
      payload.assign(reinterpret_cast<const char*>(pcm), 2 * samples);
      return;
    }
    for (size_t i = 0; i < samples; ++i) block_[i] = pcm[i] / 32768.0f;
    payload.resize(kMostBytes);
    const int size = opus_encode_float(
        encoder_, block_.data(), kPacketFrames,
        reinterpret_cast<unsigned char*>(payload.data()), kMostBytes);
    if (size < 0) std::abort();
    payload.resize(size);
  }

 private:
  const bool opus_;
  OpusEncoder* encoder_ = nullptr;
  const std::vector<int16_t> chord_ = MakeChordS16();
  size_t at_ = 0;
  std::vector<float> block_ = std::vector<float>(kPacketFrames * kChannels);
};

class Call : public grpc::ClientBidiReactor<v1::PlayRequest, v1::PlayResponse> {
 public:
  explicit Call(const std::string& server)
      : stub_(v1::PlaybackService::NewStub(
            grpc::CreateChannel(server, grpc::InsecureChannelCredentials()))) {
    stub_->async()->Play(&context_, this);
    AddHold();
    StartRead(&response_);
    StartCall();
  }

  void Send(std::unique_ptr<v1::PlayRequest> request) {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(request));
    if (queue_.size() == 1) StartWrite(queue_.front().get());
  }
  std::unique_ptr<v1::PlayRequest> NewRequest() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (spare_.empty()) return std::make_unique<v1::PlayRequest>();
    auto request = std::move(spare_.back());
    spare_.pop_back();
    return request;
  }
  void Finish() {
    context_.TryCancel();
    RemoveHold();
    std::unique_lock<std::mutex> lock(mutex_);
    over_.wait(lock, [this] { return done_; });
  }

  void OnReadDone(bool ok) override {
    if (ok) StartRead(&response_);
  }
  void OnWriteDone(bool ok) override {
    std::lock_guard<std::mutex> lock(mutex_);
    spare_.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (ok && !queue_.empty()) StartWrite(queue_.front().get());
  }
  void OnDone(const grpc::Status&) override {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
    over_.notify_all();
  }

 private:
  const std::unique_ptr<v1::PlaybackService::Stub> stub_;
  grpc::ClientContext context_;
  v1::PlayResponse response_;
  std::mutex mutex_;                                    // guards what follows
  std::deque<std::unique_ptr<v1::PlayRequest>> queue_;  // front: in flight
  std::vector<std::unique_ptr<v1::PlayRequest>> spare_;
  bool done_ = false;
  std::condition_variable over_;
};

void Run(const Flags& flags) {
  Coder coder(flags.codec, flags.complexity);
  std::unique_ptr<Call> call;
  if (!flags.server.empty()) call = std::make_unique<Call>(flags.server);
  std::string payload;
  int64_t frame = 0;
  int64_t packets = 0;
  int64_t bytes = 0;
  double before = CpuSeconds();
  auto due = Clock::now();
  const auto counts_from =
      due + std::chrono::duration_cast<Clock::duration>(
                std::chrono::duration<double>(flags.settle));
  const auto end =
      counts_from + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(flags.seconds));
  for (bool counts = false; due < end; due += kPacket) {
    std::this_thread::sleep_until(due);
    if (!counts && due >= counts_from) {
      counts = true;
      before = CpuSeconds();
      packets = bytes = 0;
    }
    coder.Code(payload);
    ++packets;
    bytes += static_cast<int64_t>(payload.size());
    if (call == nullptr) continue;
    auto request = call->NewRequest();
    v1::Packet& packet = *request->mutable_packet();
    packet.set_first_frame(frame);
    packet.set_frame_count(kPacketFrames);
    packet.set_payload(payload);
    frame += kPacketFrames;
    call->Send(std::move(request));
  }
  std::printf("cpu_ms_per_s=%.3f packets=%lld payload_bytes=%lld\n",
              1e3 * (CpuSeconds() - before) / flags.seconds,
              static_cast<long long>(packets), static_cast<long long>(bytes));
  if (call != nullptr) call->Finish();
}

int Main(int argc, char** argv) {
  namespace po = boost::program_options;
  Flags flags;
  po::options_description options("Flags");
  options.add_options()("server", po::value(&flags.server),
                        "sends to it; without one, libopus alone")(
      "codec", po::value(&flags.codec)->default_value("opus"), "opus or pcm")(
      "complexity", po::value(&flags.complexity), "of Opus")(
      "seconds", po::value(&flags.seconds), "that count")(
      "settle", po::value(&flags.settle), "seconds before they do");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bare_client: %s\n", error.what());
    return 2;
  }
  // As earshot-device does: Debian's Abseil would look for deadlocks.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Run(flags);
  return 0;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
