// Servers behind one name (dns:///host:port), over TLS: each of its addresses
// has to have that name in its certificate. (Devices that choose one of them,
// and go on at the next: tests/deploy/run names replica_killed.)
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bazel/temporary_folder.h"
#include "client/server_targets.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/earshot/v1/admin.grpc.pb.h"
#include "tests/integration/certificate_folder.h"
#include "tests/integration/child_process.h"
#include "tests/integration/test_authority.h"

namespace earshot {
namespace {

class NamedServersTest : public testing::Test {
 protected:
  // One more, at the port that all have, with these names.
  std::unique_ptr<ChildProcess> StartServer(
      const std::string& host, const std::vector<std::string>& names) {
    const CertificateFolder files(folder_ / host, authority_.Issue({names}),
                                  authority_.certificate());
    security_.ca_file = files.ca();
    auto server = std::make_unique<ChildProcess>(std::vector<std::string>{
        "server/earshot-server", "--listen=" + host + ":" + port_,
        "--sink=null", "--tls-cert=" + files.certificate(),
        "--tls-key=" + files.key()});
    EXPECT_TRUE(server->WaitForLine("server started")) << server->log();
    const std::string key = "listen=" + host + ":";
    const size_t port = server->log().find(key) + key.size();
    port_ = std::to_string(std::atoi(server->log().c_str() + port));
    return server;
  }

  // How a call ends at the address whose turn it is.
  static grpc::StatusCode Ask(const ServerTargets& targets) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(10));
    v1::GetIdentityResponse identity;
    return v1::AdminService::NewStub(targets.channel())
        ->GetIdentity(&context, {}, &identity)
        .error_code();
  }

  // The addresses of `name`, and how a call to each of them ends.
  std::map<std::string, grpc::StatusCode> AskAll(
      const std::string& name, const std::vector<std::string>& hosts) const {
    auto targets =
        ServerTargets::Create("dns:///" + name + ":" + port_, security_);
    EXPECT_TRUE(targets.ok()) << targets.status();
    std::vector<std::string> addresses;
    for (const std::string& host : hosts)
      addresses.push_back(host + ":" + port_);
    targets->Learn(name + ":" + port_, addresses);
    std::map<std::string, grpc::StatusCode> answers;
    for (size_t i = 0; i < targets->size(); ++i) {
      answers[targets->address()] = Ask(*targets);
      targets->Rotate();
    }
    return answers;
  }

  const TemporaryFolder folder_;
  const TestAuthority authority_{"authority"};
  SecurityOptions security_;
  std::string port_ = "0";
};

TEST_F(NamedServersTest, EachAddressHasToHaveTheName) {
  const auto good = StartServer("127.0.0.1", {"DNS:earshot.test"});
  const auto also_good =
      StartServer("127.0.0.2", {"DNS:other.test", "DNS:earshot.test"});
  // That it is who it says it is, at its address, is not enough.
  const auto other =
      StartServer("127.0.0.3", {"DNS:other.test", "IP:127.0.0.3"});
  const std::vector<std::string> hosts = {"127.0.0.1", "127.0.0.2",
                                          "127.0.0.3"};
  auto answers = AskAll("earshot.test", hosts);
  EXPECT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers["127.0.0.1:" + port_], grpc::StatusCode::OK);
  EXPECT_EQ(answers["127.0.0.2:" + port_], grpc::StatusCode::OK);
  EXPECT_EQ(answers["127.0.0.3:" + port_], grpc::StatusCode::UNAVAILABLE);
  // The name that is asked for by a flag counts instead.
  security_.server_name = "other.test";
  answers = AskAll("earshot.test", hosts);
  EXPECT_EQ(answers["127.0.0.1:" + port_], grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(answers["127.0.0.2:" + port_], grpc::StatusCode::OK);
  EXPECT_EQ(answers["127.0.0.3:" + port_], grpc::StatusCode::OK);
}

TEST_F(NamedServersTest, WhatIsLearnedLaterHasTheFilesOfThen) {
  CertificateFolder files(folder_ / "client", authority_.Issue({{"DNS:a"}}),
                          authority_.certificate());
  security_.ca_file = files.ca();
  security_.certificate_file = files.certificate();
  security_.key_file = files.key();
  auto targets = ServerTargets::Create("dns:///earshot.test:1", security_);
  ASSERT_TRUE(targets.ok()) << targets.status();
  targets->Learn("earshot.test:1", {"127.0.0.1:1"});
  files.Swap(authority_.Issue({{"DNS:b"}}), authority_.certificate());
  const auto before = targets->channel();
  targets->RenewIfFilesChanged();
  EXPECT_NE(targets->channel(), before);
  targets->Learn("earshot.test:1", {"127.0.0.2:1"});
  targets->Rotate();
  ASSERT_EQ(targets->address(), "127.0.0.2:1");
  const auto channel = targets->channel();
  targets->RenewIfFilesChanged();
  EXPECT_EQ(targets->channel(), channel);
}

}  // namespace
}  // namespace earshot
