#include "server/transport/certificate_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/transport/self_signed.h"

namespace earshot {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CertificateFilesTest : public testing::Test {
 protected:
  CertificateFilesTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Write("cert", one_.certificate);
    Write("key", one_.key);
    options_.certificate_file = Path("cert");
    options_.key_file = Path("key");
  }

  std::string Path(const std::string& name) const {
    return folder_ + "/" + name;
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::trunc) << text;
  }
  std::string Error() const {
    const auto files = CertificateFiles::Create(options_, now_);
    return std::string(files.status().message());
  }

  const std::string folder_ =
      std::string(std::getenv("TEST_TMPDIR")) + "/certificates";
  const SelfSigned one_ = MakeSelfSigned();
  const SelfSigned two_ = MakeSelfSigned();
  const CertificateFiles::SystemTime now_{std::chrono::hours(1)};
  TransportOptions options_;
};

TEST_F(CertificateFilesTest, WhatIsWrongIsNamedByFlagAndFile) {
  Write("key", two_.key);
  EXPECT_THAT(Error(), AllOf(HasSubstr("--tls-key=" + Path("key")),
                             HasSubstr("another key")));
  Write("key", "no key");
  EXPECT_THAT(Error(), HasSubstr("no private key"));
  options_.key_file = Path("none");
  EXPECT_THAT(Error(), AllOf(HasSubstr("--tls-key=" + Path("none")),
                             HasSubstr("No such file")));
  Write("cert", "");
  options_.key_file = Path("key");
  EXPECT_THAT(Error(), AllOf(HasSubstr("--tls-cert=" + Path("cert")),
                             HasSubstr("no certificate")));
  options_.certificate_file = folder_;
  EXPECT_THAT(Error(), AllOf(HasSubstr("--tls-cert=" + folder_),
                             HasSubstr("Is a directory")));
  Write("cert", one_.certificate);
  Write("key", one_.key);
  options_.certificate_file = Path("cert");
  options_.client_ca_file = Path("ca");
  EXPECT_THAT(Error(), HasSubstr("--tls-client-ca=" + Path("ca")));
}

TEST_F(CertificateFilesTest, AHalfDoneChangeKeepsWhatWasInUse) {
  const auto files = CertificateFiles::Create(options_, now_);
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ((*files)->Look(now_)->version, 1);
  Write("cert", two_.certificate);
  EXPECT_EQ((*files)->Look(now_)->chain, one_.certificate);
  EXPECT_EQ((*files)->Look(now_)->key, one_.key);
  EXPECT_THAT((*files)->states()[0].error, HasSubstr("another key"));
  const auto later = now_ + std::chrono::hours(1);
  Write("key", two_.key);
  EXPECT_EQ((*files)->Look(later)->chain, two_.certificate);
  EXPECT_EQ((*files)->Look(later)->key, two_.key);
  EXPECT_EQ((*files)->Look(later)->version, 2);
  EXPECT_EQ((*files)->states()[0].error, "");
  EXPECT_EQ((*files)->states()[0].load_time, later);
}

TEST_F(CertificateFilesTest, ALinkThatIsTurnedElsewhereIsFollowed) {
  const auto files_in = [this](const std::string& name, const SelfSigned& one) {
    std::filesystem::create_directory(Path(name));
    Write(name + "/cert", one.certificate);
    Write(name + "/key", one.key);
  };
  files_in("v1", one_);
  files_in("v2", two_);
  std::filesystem::create_symlink("v1", Path("data"));
  options_.certificate_file = Path("data/cert");
  options_.key_file = Path("data/key");
  const auto files = CertificateFiles::Create(options_, now_);
  ASSERT_TRUE(files.ok()) << files.status();
  std::filesystem::create_symlink("v2", Path("next"));
  std::filesystem::rename(Path("next"), Path("data"));
  EXPECT_EQ((*files)->Look(now_)->chain, two_.certificate);
}

TEST_F(CertificateFilesTest, FilesThatAreGoneKeepWhatWasInUse) {
  const auto files = CertificateFiles::Create(options_, now_);
  ASSERT_TRUE(files.ok()) << files.status();
  std::filesystem::remove(Path("cert"));
  EXPECT_EQ((*files)->Look(now_)->chain, one_.certificate);
  EXPECT_THAT((*files)->states()[0].error, HasSubstr("No such file"));
}

}  // namespace
}  // namespace earshot
