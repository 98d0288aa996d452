"""From uploaded params to a working Amazon Personalize recommender: the code behind every state of the workflow."""
