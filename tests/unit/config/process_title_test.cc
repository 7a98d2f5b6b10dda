#include "server/config/process_title.h"

#include <gtest/gtest.h>

namespace shoal::config {
namespace {

Settings with_template(const std::string& text) {
  Settings settings;
  settings.process.proc_title_template = text;
  return settings;
}

TEST(ProcessTitle, IsTheProgramAndItsFirstAddressUnlessTold) {
  Settings settings;
  EXPECT_EQ(process_title(settings, "shoal"), "shoal *:6379");
  settings.network.binds = {"-::1", "127.0.0.1"};
  EXPECT_EQ(process_title(settings, "/usr/bin/shoal"), "/usr/bin/shoal -::1:6379");
  settings.network.binds.clear();
  EXPECT_EQ(process_title(settings, "shoal"), "shoal *:6379");
}

TEST(ProcessTitle, NamesTheUnixSocketWhereThereIsNoPort) {
  Settings settings;
  settings.network.port = 0;
  settings.network.unixsocket = "/run/shoal.sock";
  EXPECT_EQ(process_title(settings, "shoal"), "shoal unixsocket:/run/shoal.sock");
}

TEST(ProcessTitle, KnowsEveryWordOfRedis) {
  Settings settings =
      with_template("{title}|{listen-addr}|{server-mode}|{port}|{tls-port}|{unixsocket}|{config-file}|x");
  EXPECT_EQ(process_title(settings, "a"), "a|*:6379||6379|0||-|x");
  settings.config_file = "/etc/a.conf";
  settings.network.unixsocket = "/a";
  EXPECT_EQ(process_title(settings, "a"), "a|*:6379||6379|0|/a|/etc/a.conf|x");
}

TEST(ProcessTitle, TakesOtherTextAsItIsButForSpacesAtTheEnd) {
  EXPECT_EQ(process_title(with_template("plain } %s text  "), "a"), "plain } %s text");
  EXPECT_EQ(process_title(with_template("{server-mode}  "), "a"), "");
}

TEST(ProcessTitle, RefusesTemplatesWithUnknownOrOpenWords) {
  for (const View text : {"", "{nosuch}", "{", "{title", "a{}b", "{title}{"})
    EXPECT_FALSE(is_title_template(text)) << text;
  for (const View text : {"x", "}", "{title}", "title}", "{port}{port} x"})
    EXPECT_TRUE(is_title_template(text)) << text;
}

}  // namespace
}  // namespace shoal::config
