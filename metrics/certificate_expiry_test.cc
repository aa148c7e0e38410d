#include "metrics/certificate_expiry.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace earshot::metrics {
namespace {

// Made by openssl req -x509 with an Ed25519 key; expires 2030-01-01 00:00:00
// and 2031-01-01 00:00:00.
constexpr char kIn2030[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBLDCB36ADAgECAhRqy29tfIpQNT1MdFCBLgN7sCtpQDAFBgMrZXAwDDEKMAgG\n"
    "A1UEAwwBYTAeFw0yOTEyMzEwMDAwMDBaFw0zMDAxMDEwMDAwMDBaMAwxCjAIBgNV\n"
    "BAMMAWEwKjAFBgMrZXADIQBirnsudtcOybzCETCjfn2qgsLW9G8O7Zym7K+mbzY6\n"
    "YqNTMFEwHQYDVR0OBBYEFP3I/58DQs1vpZjA4tQ5BYjT43NdMB8GA1UdIwQYMBaA\n"
    "FP3I/58DQs1vpZjA4tQ5BYjT43NdMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA\n"
    "jUWbg3viuyh8dKyJIKBSm0UrjhuyrvHy127h5LO860VR2bhxIc7wcVaKwUmRc5ID\n"
    "XnNCoVS3wLiVE2Yu7vJ9Cg==\n"
    "-----END CERTIFICATE-----\n";

constexpr char kIn2031[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBLDCB36ADAgECAhRe1pTRgLv0igdXQvAN/dum1RbtwDAFBgMrZXAwDDEKMAgG\n"
    "A1UEAwwBYTAeFw0zMDEyMzEwMDAwMDBaFw0zMTAxMDEwMDAwMDBaMAwxCjAIBgNV\n"
    "BAMMAWEwKjAFBgMrZXADIQBirnsudtcOybzCETCjfn2qgsLW9G8O7Zym7K+mbzY6\n"
    "YqNTMFEwHQYDVR0OBBYEFP3I/58DQs1vpZjA4tQ5BYjT43NdMB8GA1UdIwQYMBaA\n"
    "FP3I/58DQs1vpZjA4tQ5BYjT43NdMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA\n"
    "hASaTwM0zovOw0JLlWKEM2oL9PE1zqRXh447mzzuO8mPa44MF3iihgWYIOgeDEZj\n"
    "isE+fQMDK7D7j2ZXtRAbBg==\n"
    "-----END CERTIFICATE-----\n";

class CertificateExpiryTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) {
    const std::string path =
        std::string(std::getenv("TEST_TMPDIR")) + "/certificates.pem";
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(CertificateExpiryTest, TheFirstOfTheFileCounts) {
  EXPECT_EQ(FirstExpiry(Write(kIn2030)), 1893456000);
  EXPECT_EQ(FirstExpiry(Write(kIn2031)), 1924992000);
  EXPECT_EQ(FirstExpiry(Write(std::string(kIn2031) + kIn2030)), 1893456000);
}

TEST_F(CertificateExpiryTest, WhatHoldsNoneHasNone) {
  EXPECT_FALSE(FirstExpiry("/no/such/file").has_value());
  EXPECT_FALSE(FirstExpiry(Write("")).has_value());
  EXPECT_FALSE(FirstExpiry(Write("rubbish\n")).has_value());
  EXPECT_FALSE(
      FirstExpiry(Write(std::string(kIn2030).substr(0, 150))).has_value());
}

}  // namespace
}  // namespace earshot::metrics
