#include "server/dispatch/sliced_jobs.h"

#include <algorithm>

#include "tests/unit/dispatch/command_fixture.h"

namespace shoal::dispatch {
namespace {

using Progress = SlicedJob::Progress;

class SlicedJobsTest : public testing::Test {
 protected:
  // Answers what it is told to, then that it is done, and signs for each slice.
  class Job final : public SlicedJob {
   public:
    Job(std::string& log, char name, std::deque<Progress> answers)
        : log_(log), name_(name), answers_(std::move(answers)) {}
    ~Job() override { log_ += static_cast<char>(name_ - 'a' + 'A'); }
    Progress run_slice() override {
      log_ += name_;
      if (answers_.empty()) return Progress::kDone;
      const Progress answer = answers_.front();
      answers_.pop_front();
      return answer;
    }

   private:
    std::string& log_;
    char name_;
    std::deque<Progress> answers_;
  };

  void add(char name, std::deque<Progress> answers) {
    jobs_.add(std::make_unique<Job>(log_, name, std::move(answers)));
  }
  bool run(Micros duration) { return jobs_.run(core_, duration); }

  static constexpr Progress kMore = Progress::kMore;
  static constexpr Progress kWaiting = Progress::kWaiting;
  std::string log_;
  FakeCore core_;
  SlicedJobs jobs_;
};

TEST_F(SlicedJobsTest, TakeTurnsUntilEachIsDone) {
  add('a', {kMore, kMore});
  add('b', {kMore});
  EXPECT_FALSE(run(1000));
  EXPECT_EQ(log_, "ababBaA");
  EXPECT_TRUE(jobs_.empty());
}

TEST_F(SlicedJobsTest, HaveTheirTimeTogetherHoweverManyTheyAre) {
  core_.clock_step = 100;
  for (char name = 'a'; name < 'h'; ++name) add(name, {kMore, kMore});
  EXPECT_TRUE(run(300));
  EXPECT_EQ(log_, "abc");
  EXPECT_TRUE(run(300));
  EXPECT_EQ(log_, "abcdef") << "who has not had a slice comes first";
}

TEST_F(SlicedJobsTest, RunASliceHoweverLongItTakes) {
  core_.clock_step = 1000;
  add('a', {kMore});
  EXPECT_TRUE(run(1));
  EXPECT_FALSE(run(1));
  EXPECT_EQ(log_, "aaA");
}

TEST_F(SlicedJobsTest, LetTheCoreSleepWhenAllOfThemWait) {
  add('a', {kWaiting, kWaiting, kWaiting, kMore});
  add('b', {kWaiting, kMore, kWaiting});
  EXPECT_FALSE(run(1000));
  EXPECT_EQ(log_, "ab") << "each is asked once";
  EXPECT_FALSE(run(1000));
  EXPECT_EQ(log_, "ababab") << "and again as long as one of them works";
  EXPECT_FALSE(run(1000));
  EXPECT_EQ(log_, "ababababBaA");
}

TEST_F(SlicedJobsTest, MayBringOthers) {
  class Parent final : public SlicedJob {
   public:
    Parent(SlicedJobs& jobs, std::string& log) : jobs_(jobs), log_(log) {}
    Progress run_slice() override {
      jobs_.add(std::make_unique<Job>(log_, 'c', std::deque<Progress>{}));
      return Progress::kDone;
    }

   private:
    SlicedJobs& jobs_;
    std::string& log_;
  };
  jobs_.add(std::make_unique<Parent>(jobs_, log_));
  EXPECT_FALSE(run(1000));
  EXPECT_EQ(log_, "cC");
}

}  // namespace
}  // namespace shoal::dispatch
