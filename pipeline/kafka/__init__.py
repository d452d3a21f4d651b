"""All that talks to a Kafka broker without Faust: the embedded broker, topics, groups, a sender and a reader."""
