#include "server/commands/families.h"

namespace shoal::commands {

std::vector<dispatch::Family> all_families() {
  return {
      string_family(),
      key_family(),
      expiry_family(),
      database_family(),
      transaction_family(),
  };
}

}  // namespace shoal::commands
