#include "deploy/kubevirt/hook/sound_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace earshot {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kSocket[] = "/run/device.sock";
constexpr char kMemory[] =
    "<memoryBacking><source type=\"memfd\"/><access mode=\"shared\"/>"
    "</memoryBacking>";
constexpr char kNamespace[] =
    " xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\"";
constexpr char kArguments[] =
    "<qemu:arg value=\"-chardev\"/>"
    "<qemu:arg value=\"socket,id=earshot,path=/run/device.sock\"/>"
    "<qemu:arg value=\"-device\"/>"
    "<qemu:arg value=\"{&quot;driver&quot;:&quot;vhost-user-snd-pci&quot;,"
    "&quot;id&quot;:&quot;earshot-card&quot;,"
    "&quot;chardev&quot;:&quot;earshot&quot;}\"/>";

std::string CommandLine() {
  return absl::StrCat("<qemu:commandline>", kArguments, "</qemu:commandline>");
}

// The domain with the card; every result must be one that has it already.
std::string WithCard(const std::string& domain) {
  const auto first = AddSoundCard(domain, kSocket);
  if (!first.ok()) return first.status().ToString();
  const auto second = AddSoundCard(*first, kSocket);
  if (!second.ok()) return second.status().ToString();
  EXPECT_EQ(*second, *first);
  return *first;
}

// Why a domain that holds this cannot have the card.
std::string Refusal(const std::string& inside) {
  return WithCard("<domain>" + inside + "</domain>");
}

TEST(SoundCardTest, NoMemoryBacking) {
  EXPECT_EQ(WithCard("<domain><devices/></domain>"),
            absl::StrCat("<domain", kNamespace, ">", kMemory, "<devices/>",
                         CommandLine(), "</domain>"));
}

TEST(SoundCardTest, LinesAndIndentationAsTheyAre) {
  EXPECT_EQ(
      WithCard("<domain type='kvm'>\n\t<name>a</name>\n\t<!-- b -->\n"
               "\t<devices>\n\t\t<disk></disk>\n\t</devices>\n</domain>"),
      absl::StrCat("<domain", kNamespace,
                   " type='kvm'>\n\t<name>a</name>\n\t<!-- b -->\n\t", kMemory,
                   "\n\t<devices>\n\t\t<disk></disk>\n\t</devices>\n\t",
                   CommandLine(), "\n</domain>"));
}

TEST(SoundCardTest, AMemoryBackingGetsWhatItLacks) {
  const auto memory = [](const std::string& inside) {
    const std::string whole =
        WithCard(absl::StrCat("<domain><memoryBacking>", inside,
                              "</memoryBacking><devices/>", "</domain>"));
    const size_t end = whole.find("<devices/>");
    return end == std::string::npos ? whole
                                    : whole.substr(whole.find("<memory"),
                                                   end - whole.find("<memory"));
  };
  EXPECT_EQ(memory(""), kMemory);
  EXPECT_EQ(memory("<source type=\"memfd\"/><access mode=\"shared\"/>"),
            kMemory);
  EXPECT_EQ(memory("<source type='memfd'></source>"),
            "<memoryBacking><source type='memfd'></source>"
            "<access mode=\"shared\"/></memoryBacking>");
  EXPECT_EQ(memory("<access mode='shared'/>"),
            "<memoryBacking><access mode='shared'/><source type=\"memfd\"/>"
            "</memoryBacking>");
  EXPECT_EQ(memory("<source type='file'/>"),
            "<memoryBacking><source type='file'/><access mode=\"shared\"/>"
            "</memoryBacking>");
  EXPECT_EQ(memory("<nosharepages/>"),
            "<memoryBacking><nosharepages/><source type=\"memfd\"/>"
            "<access mode=\"shared\"/></memoryBacking>");
}

TEST(SoundCardTest, AnEmptyMemoryBackingIsOpened) {
  EXPECT_THAT(WithCard("<domain><memoryBacking/><devices/></domain>"),
              HasSubstr(absl::StrCat(kMemory, "<devices/>")));
}

TEST(SoundCardTest, HugePagesAreSharedAndKeepTheirSource) {
  EXPECT_THAT(
      WithCard("<domain><memoryBacking><hugepages></hugepages><source "
               "type=\"memfd\"></source></memoryBacking><devices/></domain>"),
      HasSubstr("<hugepages></hugepages><source type=\"memfd\"></source>"
                "<access mode=\"shared\"/></memoryBacking>"));
  EXPECT_THAT(WithCard("<domain><memoryBacking><hugepages/></memoryBacking>"
                       "<devices/></domain>"),
              HasSubstr("<memoryBacking><hugepages/><access mode=\"shared\"/>"
                        "</memoryBacking>"));
}

TEST(SoundCardTest, MemoryThatIsPrivateIsNotOverruled) {
  constexpr char kShared[] =
      "FAILED_PRECONDITION: no sound card for this "
      "domain: its memoryBacking wants access that is "
      "not shared";
  EXPECT_EQ(Refusal("<memoryBacking><hugepages/><access mode='private'/>"
                    "</memoryBacking><devices/>"),
            kShared);
  EXPECT_THAT(Refusal("<memoryBacking><source type='anonymous'/>"
                      "</memoryBacking><devices/>"),
              HasSubstr("its memory's source is anonymous"));
  EXPECT_THAT(Refusal("<cpu><numa><cell id='0'/><cell id='1' "
                      "memAccess='private'/></numa></cpu><devices/>"),
              HasSubstr("NUMA cell"));
  EXPECT_THAT(Refusal("<devices><memory model='dimm' access='private'/>"
                      "</devices>"),
              HasSubstr("memory device"));
  EXPECT_THAT(Refusal("<launchSecurity type='sev'/><devices/>"),
              HasSubstr("launchSecurity"));
}

TEST(SoundCardTest, SharedNumaCellsAndMemoryDevicesAreFine) {
  EXPECT_THAT(
      WithCard("<domain><cpu><numa><cell memAccess='shared'/><cell/></numa>"
               "</cpu><devices><memory access='shared'/><memory/></devices>"
               "</domain>"),
      HasSubstr(CommandLine()));
}

TEST(SoundCardTest, ItsArgumentsComeAfterThoseOfOthers) {
  const std::string domain = absl::StrCat(
      "<domain", kNamespace,
      "><devices/><qemu:commandline>\n <qemu:arg value=\"-device\"/>\n "
      "<qemu:arg value=\"virtio-scsi-pci,id=other\"/>\n <qemu:env name='A' "
      "value='B'/>\n</qemu:commandline></domain>");
  EXPECT_THAT(WithCard(domain),
              HasSubstr(absl::StrCat(
                  "value='B'/>\n ",
                  absl::StrReplaceAll(kArguments, {{"/><", "/>\n <"}}),
                  "\n</qemu:commandline></domain>")));
}

TEST(SoundCardTest, AnEmptyCommandLineIsFilled) {
  EXPECT_THAT(
      WithCard(absl::StrCat("<domain", kNamespace,
                            "><devices/><qemu:commandline/></domain>")),
      HasSubstr(absl::StrCat("<devices/>", CommandLine(), "</domain>")));
}

TEST(SoundCardTest, ThePrefixIsWhoeversStandsForTheNamespace) {
  const std::string named = absl::StrReplaceAll(
      WithCard("<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
               "<devices/></domain>"),
      {{kMemory, ""}});
  EXPECT_EQ(named,
            absl::StrCat("<domain xmlns:q='http://libvirt.org/schemas/domain/"
                         "qemu/1.0'><devices/>",
                         absl::StrReplaceAll(CommandLine(), {{"qemu:", "q:"}}),
                         "</domain>"));
  // As Go's encoding prints it.
  EXPECT_THAT(
      WithCard("<domain><devices/><commandline "
               "xmlns=\"http://libvirt.org/schemas/domain/qemu/1.0\">"
               "<arg value=\"-snapshot\"></arg></commandline></domain>"),
      HasSubstr(absl::StrCat("<arg value=\"-snapshot\"></arg>",
                             absl::StrReplaceAll(kArguments, {{"qemu:", ""}}),
                             "</commandline></domain>")));
}

TEST(SoundCardTest, APrefixThatStandsForSomethingElseIsLeft) {
  EXPECT_EQ(
      WithCard("<domain xmlns:qemu='urn:other'><devices/><qemu:commandline/>"
               "</domain>"),
      absl::StrCat(
          "<domain",
          absl::StrReplaceAll(kNamespace, {{"xmlns:qemu", "xmlns:qemu1"}}),
          " xmlns:qemu='urn:other'>", kMemory, "<devices/><qemu:commandline/>",
          absl::StrReplaceAll(CommandLine(), {{"qemu:", "qemu1:"}}),
          "</domain>"));
}

TEST(SoundCardTest, WhatNoElementCouldHaveDeclaresNoPrefix) {
  for (const char* name : {"a:b", "-a", "\xff"}) {
    EXPECT_THAT(
        WithCard(absl::StrCat("<domain xmlns:", name,
                              "='http://libvirt.org/schemas/domain/qemu/1.0'>"
                              "<devices/></domain>")),
        testing::HasSubstr(CommandLine()))
        << name;
  }
}

TEST(SoundCardTest, AnotherOneOfTheSameNameIsAnError) {
  const std::string mine = WithCard("<domain><devices/></domain>");
  EXPECT_THAT(AddSoundCard(mine, "/run/other.sock").status().ToString(),
              StartsWith("FAILED_PRECONDITION"));
  EXPECT_THAT(AddSoundCard(mine, "/run/other.sock").status().ToString(),
              HasSubstr("another -chardev socket,id=earshot,path=/run/device"));
}

TEST(SoundCardTest, ACardOfTheSameNameInQemusOtherSyntaxIsAnError) {
  EXPECT_THAT(
      WithCard(absl::StrCat("<domain", kNamespace,
                            "><devices/><qemu:commandline><qemu:arg "
                            "value='-device'/><qemu:arg value='virtio-rng-pci,"
                            "id=earshot-card'/></qemu:commandline></domain>")),
      HasSubstr("another -device virtio-rng-pci,id=earshot-card"));
}

TEST(SoundCardTest, HalfOfItIsMadeWhole) {
  std::string half = WithCard("<domain><devices/></domain>");
  const size_t device = half.find("<qemu:arg value=\"-device\"/>");
  half.erase(device, half.find("</qemu:commandline>") - device);
  EXPECT_THAT(half, Not(HasSubstr("-device")));
  EXPECT_THAT(WithCard(half), HasSubstr(CommandLine()));
}

TEST(SoundCardTest, ASocketsPathIsWrittenAsQemuAndXmlWantIt) {
  const auto domain = AddSoundCard("<domain><devices/></domain>", "/a,b&c\"<d");
  ASSERT_TRUE(domain.ok());
  EXPECT_THAT(*domain, HasSubstr("path=/a,,b&amp;c&quot;&lt;d\"/>"));
  EXPECT_EQ(*AddSoundCard(*domain, "/a,b&c\"<d"), *domain);
}

TEST(SoundCardTest, RefusesWhatIsNoDomain) {
  for (const char* text :
       {"", "no", "<domain>", "<domain/>", "<network><devices/></network>",
        "<domain><devices></domain>", "<domain><devices/></domain>x",
        "<domain><devices/></domain><domain><devices/></domain>",
        "<domain><devices/><qemu:commandline/></domain>",
        "<d:domain xmlns:d='x'><devices/></d:domain>"}) {
    EXPECT_THAT(WithCard(text), StartsWith("INVALID_ARGUMENT")) << text;
  }
}

TEST(SoundCardTest, AnEntityBombIsNotEvenRead) {
  std::string bomb = "<!DOCTYPE domain [<!ENTITY e0 'ha'>";
  for (int i = 0; i < 30; ++i) {
    absl::StrAppend(&bomb, "<!ENTITY e", i + 1, " '&e", i, ";&e", i, ";'>");
  }
  EXPECT_EQ(WithCard(bomb + "]><domain><name>&e30;</name><devices/></domain>"),
            "INVALID_ARGUMENT: the XML has a DTD");
  EXPECT_THAT(WithCard("<!DOCTYPE d SYSTEM 'file:///etc/passwd'><domain>"
                       "<devices/></domain>"),
              StartsWith("INVALID_ARGUMENT"));
}

TEST(SoundCardTest, HugeDomainsKeepEachByte) {
  std::string disks;
  for (int i = 0; i < 20000; ++i) {
    absl::StrAppend(&disks, "\n    <disk type='file'><source file='/d/", i,
                    "'/><!-- ", i, " --><target dev='vd", i, "'></target>",
                    "</disk>");
  }
  const std::string domain =
      "<domain>\n  <devices>" + disks + "\n  </devices>\n</domain>\n";
  EXPECT_EQ(WithCard(domain),
            absl::StrCat("<domain", kNamespace, ">\n  ", kMemory,
                         "\n  <devices>", disks, "\n  </devices>\n  ",
                         CommandLine(), "\n</domain>\n"));
}

TEST(SoundCardTest, DepthCostsNoStack) {
  constexpr int kDepth = 200000;
  std::string deep = "<domain><devices/>";
  for (int i = 0; i < kDepth; ++i) deep += "<a>";
  for (int i = 0; i < kDepth; ++i) deep += "</a>";
  EXPECT_THAT(WithCard(deep + "</domain>"),
              HasSubstr(absl::StrCat("</a>", CommandLine(), "</domain>")));
}

}  // namespace
}  // namespace earshot
