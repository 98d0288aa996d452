# What params files may do reaches the function, and its policy as far as ARNs can tell it.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  name = "shop"
}

run "by_default_nothing_is_bounded" {
  command = plan

  assert {
    condition     = jsondecode(output.boundaries) == { dataset_groups = ["*"], folders = {}, ceilings = {}, allow_teardown = true }
    error_message = "Whoever gives no boundaries gets none."
  }

  assert {
    condition     = [for pattern in local.dataset_groups_in_arns : pattern] == ["*"]
    error_message = "The policy names all dataset groups."
  }
}

run "what_is_given_is_what_the_function_is_told" {
  command = plan

  variables {
    dataset_groups = ["a-*", "b-*"]
    folders        = { "team-a/" = ["a-*"], "team-b/" = ["*"] }
    ceilings       = { min_provisioned_tps = 5 }
    allow_teardown = false
  }

  assert {
    condition = jsondecode(output.boundaries) == {
      dataset_groups = ["a-*", "b-*"]
      folders        = { "team-a/" = ["a-*"], "team-b/" = ["*"] }
      ceilings       = { min_provisioned_tps = 5 }
      allow_teardown = false
    }
    error_message = "lambda_src/pipeline/boundaries.py reads this."
  }

  assert {
    condition     = [for pattern in local.dataset_groups_in_arns : pattern] == ["a-*", "b-*"]
    error_message = "`dataset_groups` bounds what `folders` leaves open."
  }
}

run "where_only_folders_are_bound_the_policy_names_their_dataset_groups" {
  command = plan

  variables {
    folders = { "team-a/" = ["a-*"], "team-b/" = ["b-*", "shared"], "team-b/inner/" = ["shared"] }
  }

  assert {
    condition     = [for pattern in local.dataset_groups_in_arns : pattern] == ["a-*", "b-*", "shared"]
    error_message = "A params file can name no other dataset group, so the function needs no right to any."
  }
}
