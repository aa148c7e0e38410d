#include "client/cli/doctor/certificate.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

std::string NameText(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()),
                                                      &BIO_free);
  X509_NAME_print_ex(out.get(), name, 0,
                     XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);  // NOLINT
  return std::string(text, static_cast<size_t>(size));
}

int64_t Seconds(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return timegm(&parts);
}

std::string Text(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

std::string NameText(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return absl::StrCat("DNS:", Text(name->d.dNSName));
    case GEN_URI:
      return absl::StrCat("URI:", Text(name->d.uniformResourceIdentifier));
    case GEN_EMAIL:
      return absl::StrCat("email:", Text(name->d.rfc822Name));
    case GEN_IPADD: {
      std::array<char, INET6_ADDRSTRLEN> text = {};
      const std::string bytes = Text(name->d.iPAddress);
      if (bytes.size() != 4 && bytes.size() != 16) return "IP:?";
      inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(),
                text.data(), text.size());
      return absl::StrCat("IP:", text.data());
    }
    default:
      return "";
  }
}

}  // namespace

Certificate ReadCertificate(X509* certificate) {
  Certificate result;
  result.subject = NameText(X509_get_subject_name(certificate));
  result.issuer = NameText(X509_get_issuer_name(certificate));
  result.not_before_s = Seconds(X509_get0_notBefore(certificate));
  result.not_after_s = Seconds(X509_get0_notAfter(certificate));
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
          certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  if (names == nullptr) return result;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    std::string text = NameText(sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty()) result.names.push_back(std::move(text));
  }
  return result;
}

std::string UtcTime(int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts = {};
  gmtime_r(&time, &parts);
  std::array<char, 40> text = {};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text.data();
}

std::string LongTime(int64_t seconds) {
  constexpr int64_t kHour = 3600;
  constexpr int64_t kDay = 24 * kHour;
  if (seconds >= 2 * kDay) return absl::StrCat(seconds / kDay, " days");
  if (seconds >= 2 * kHour) return absl::StrCat(seconds / kHour, " hours");
  return absl::StrCat(seconds / 60, " minutes");
}

}  // namespace earshot
