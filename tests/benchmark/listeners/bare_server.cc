// The floor of ListenService: a server of gRPC's callback API that sends each
// caller the same packet every 10 ms, and does nothing else. Callers take turns
// in so many phases of the 10 ms: where they hear different streams, their
// packets are not due at the same time either.
#include <grpcpp/grpcpp.h>

#include <boost/program_options.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "proto/earshot/v1/listen.grpc.pb.h"

namespace earshot {
namespace {

constexpr std::chrono::microseconds kPacket{10000};

class BareServer final : public v1::ListenService::WithRawCallbackMethod_Listen<
                             v1::ListenService::Service> {
 public:
  explicit BareServer(const std::string& message)
      : slice_(message), message_(&slice_, 1) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Listen(
      grpc::CallbackServerContext*, const grpc::ByteBuffer*) override {
    const std::lock_guard lock(mutex_);
    reactors_.emplace_back(new Reactor(this, begun_++));
    return reactors_.back();
  }

  // To those whose turn it is.
  void Write(int phase, int phases) {
    const std::lock_guard lock(mutex_);
    for (Reactor* reactor : reactors_) {
      if (reactor->number() % phases == phase) reactor->Write();
    }
  }

 private:
  class Reactor : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
   public:
    Reactor(BareServer* server, int number)
        : server_(server), number_(number) {}
    int number() const { return number_; }
    void Write() {
      const std::lock_guard lock(mutex_);
      if (writing_ || finished_) return;
      writing_ = true;
      StartWrite(&server_->message_);
    }
    void OnWriteDone(bool) override {
      const std::lock_guard lock(mutex_);
      writing_ = false;
    }
    void OnCancel() override {
      const std::lock_guard lock(mutex_);
      finished_ = true;
      Finish(grpc::Status::CANCELLED);
    }
    void OnDone() override {
      {
        const std::lock_guard lock(server_->mutex_);
        server_->reactors_.remove(this);
      }
      delete this;
    }

   private:
    BareServer* const server_;
    const int number_;
    std::mutex mutex_;
    bool writing_ = false;
    bool finished_ = false;
  };

  const grpc::Slice slice_;
  const grpc::ByteBuffer message_;
  std::mutex mutex_;
  std::list<Reactor*> reactors_;
  int begun_ = 0;
};

int Run(const std::string& listen, int payload_bytes, int phases) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  v1::ListenResponse response;
  v1::DuePacket& packet = *response.mutable_packet();
  packet.set_first_frame(1 << 20);
  packet.set_frame_count(480);
  packet.set_due_time_ns(int64_t{1} << 50);
  packet.set_payload(std::string(static_cast<size_t>(payload_bytes), '\1'));
  BareServer service(response.SerializeAsString());
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::puts("serving");
  std::fflush(stdout);
  auto next = std::chrono::steady_clock::now();
  const timespec at_once{0, 0};
  for (int phase = 0; sigtimedwait(&signals, nullptr, &at_once) < 0;
       phase = (phase + 1) % phases) {
    std::this_thread::sleep_until(next);
    service.Write(phase, phases);
    next += kPacket / phases;
  }
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

int Main(int argc, char** argv) {
  namespace po = boost::program_options;
  std::string listen;
  int payload_bytes = 160;
  int phases = 1;
  po::options_description options("Flags");
  options.add_options()("listen", po::value(&listen)->required(), "where")(
      "payload-bytes", po::value(&payload_bytes), "of each packet")(
      "phases", po::value(&phases), "of the 10 ms");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bare_server: %s\n", error.what());
    return 2;
  }
  return Run(listen, payload_bytes, phases);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
