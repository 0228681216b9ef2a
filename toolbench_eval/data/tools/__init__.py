"""Problems that are solved with tools, in the formats of their benchmarks."""
