"""Everything that talks to a Kafka broker without Faust: two ways to start one, topics, a sender and a reader."""
