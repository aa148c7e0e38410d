#include "deploy/kubevirt/hook/hook_services.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "bazel/temporary_folder.h"
#include "deploy/kubevirt/hook/hook_server.h"

namespace earshot {
namespace {

namespace hooks = kubevirt::hooks;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kDomain[] = "<domain><devices/></domain>";
constexpr char kVmi[] =
    "{\"metadata\":{\"namespace\":\"team\",\"name\":\"desktop\"}}";

class HookServicesTest : public testing::Test {
 protected:
  using OnFailure = CallbacksService::OnFailure;

  // virt-launcher's side of the socket.
  void Serve(OnFailure on_failure, const std::string& vm = "") {
    hook_ = std::make_unique<SoundCardHook>(
        vm, "/at/qemu.sock",
        [this](const std::string& name,
               std::function<void(absl::Status)> ready) {
          started_ = name;
          ready(device_);
        });
    callbacks_service_ = std::make_unique<CallbacksService>(
        hook_.get(), on_failure, [this] { shut_down_ = true; });
    plugin_service_ = std::make_unique<DomainHookService>(hook_.get());
    std::filesystem::create_directory(folder_ / "staging");
    auto server = HookServer::Create(
        socket_, folder_ / "staging/socket",
        {&info_service_, callbacks_service_.get(), plugin_service_.get()});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel("unix:" + socket_,
                                   grpc::InsecureChannelCredentials());
  }

  // The domain with the card, or the error.
  std::string Define(const std::string& domain, const std::string& vmi) {
    grpc::ClientContext context;
    hooks::v1alpha3::OnDefineDomainParams request;
    request.set_domainxml(domain);
    request.set_vmi(vmi);
    hooks::v1alpha3::OnDefineDomainResult result;
    last_ = hooks::v1alpha3::Callbacks::NewStub(channel_)->OnDefineDomain(
        &context, request, &result);
    return result.domainxml();
  }

  std::string Mutate(const std::string& domain, const std::string& vmi,
                     const std::string& type = "libvirt") {
    grpc::ClientContext context;
    hooks::plugins::v1alpha1::MutateDomainRequest request;
    request.set_domain_type(type);
    request.set_domain(domain);
    request.set_vmi(vmi);
    request.mutable_sidecar_context()->set_invocation_context("Boot");
    hooks::plugins::v1alpha1::MutateDomainResponse response;
    last_ = hooks::plugins::v1alpha1::DomainHookService::NewStub(channel_)
                ->MutateDomain(&context, request, &response);
    return response.domain();
  }

  const TemporaryFolder folder_;
  const std::string socket_ = folder_ / "hook.sock";
  absl::Status device_;
  std::string started_;
  bool shut_down_ = false;
  grpc::Status last_;
  std::unique_ptr<SoundCardHook> hook_;
  InfoService info_service_;
  std::unique_ptr<CallbacksService> callbacks_service_;
  std::unique_ptr<DomainHookService> plugin_service_;
  std::unique_ptr<HookServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(HookServicesTest, SaysWhatItServes) {
  Serve(OnFailure::kBoot);
  grpc::ClientContext context;
  hooks::info::InfoResult info;
  ASSERT_TRUE(
      hooks::info::Info::NewStub(channel_)->Info(&context, {}, &info).ok());
  EXPECT_EQ(info.name(), "earshot");
  EXPECT_THAT(info.versions(), ElementsAre("v1alpha3"));
  ASSERT_EQ(info.hookpoints_size(), 2);
  EXPECT_EQ(info.hookpoints(0).name(), "OnDefineDomain");
  EXPECT_EQ(info.hookpoints(1).name(), "Shutdown");
}

TEST_F(HookServicesTest, NothingButTheSocketIsInItsFolder) {
  Serve(OnFailure::kBoot);
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_TRUE(entry.is_directory() || entry.path() == socket_) << entry;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "staging"));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(HookServicesTest, BothInterfacesGiveTheSameDomain) {
  Serve(OnFailure::kBoot);
  const std::string domain = Define(kDomain, kVmi);
  EXPECT_TRUE(last_.ok()) << last_.error_message();
  EXPECT_THAT(domain, HasSubstr("path=/at/qemu.sock"));
  EXPECT_EQ(started_, "team.desktop");
  started_.clear();
  EXPECT_EQ(Mutate(kDomain, kVmi), domain);
  EXPECT_TRUE(last_.ok()) << last_.error_message();
  EXPECT_EQ(started_, "team.desktop");
}

TEST_F(HookServicesTest, AVmThatIsNamedNeedsNoJson) {
  Serve(OnFailure::kFail, "mine");
  EXPECT_THAT(Define(kDomain, "no JSON"), HasSubstr("vhost-user-snd-pci"));
  EXPECT_EQ(started_, "mine");
}

TEST_F(HookServicesTest, AVmThatCannotHaveItsCardBootsWithoutIt) {
  Serve(OnFailure::kBoot);
  EXPECT_EQ(Define(kDomain, "no JSON"), kDomain);
  EXPECT_TRUE(last_.ok());
  EXPECT_EQ(Define("no XML", kVmi), "no XML");
  EXPECT_TRUE(last_.ok());
  EXPECT_EQ(started_, "") << "a device that nobody needs";
  device_ = absl::DeadlineExceededError("no answer");
  EXPECT_EQ(Define(kDomain, kVmi), kDomain);
  EXPECT_TRUE(last_.ok());
}

TEST_F(HookServicesTest, AVmThatMustHaveItsCardDoesNotBootWithout) {
  Serve(OnFailure::kFail);
  Define(kDomain, "no JSON");
  EXPECT_EQ(last_.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  Define("<domain><launchSecurity/><devices/></domain>", kVmi);
  EXPECT_EQ(last_.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(last_.error_message(), HasSubstr("launchSecurity"));
  device_ = absl::DeadlineExceededError("no answer");
  Define(kDomain, kVmi);
  EXPECT_EQ(last_.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(HookServicesTest, ForAPluginAnErrorIsOne) {
  Serve(OnFailure::kBoot);
  Mutate(kDomain, "no JSON");
  EXPECT_EQ(last_.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  Mutate("no XML", kVmi);
  EXPECT_EQ(last_.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  Mutate(kDomain, kVmi, "other");
  EXPECT_EQ(last_.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(last_.error_message(), HasSubstr("must be libvirt"));
  device_ = absl::DeadlineExceededError("no answer");
  Mutate(kDomain, kVmi);
  EXPECT_EQ(last_.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(HookServicesTest, CloudInitStaysAsItIs) {
  Serve(OnFailure::kBoot);
  grpc::ClientContext context;
  hooks::v1alpha3::PreCloudInitIsoParams request;
  request.set_cloudinitdata("data");
  request.set_cloudinitnocloudsource("source");
  hooks::v1alpha3::PreCloudInitIsoResult result;
  ASSERT_TRUE(hooks::v1alpha3::Callbacks::NewStub(channel_)
                  ->PreCloudInitIso(&context, request, &result)
                  .ok());
  EXPECT_EQ(result.cloudinitdata(), "data");
  EXPECT_EQ(result.cloudinitnocloudsource(), "source");
}

TEST_F(HookServicesTest, ShutdownIsAnsweredAndPassedOn) {
  Serve(OnFailure::kBoot);
  grpc::ClientContext context;
  hooks::v1alpha3::ShutdownResult result;
  EXPECT_TRUE(hooks::v1alpha3::Callbacks::NewStub(channel_)
                  ->Shutdown(&context, {}, &result)
                  .ok());
  EXPECT_TRUE(shut_down_);
}

}  // namespace
}  // namespace earshot
