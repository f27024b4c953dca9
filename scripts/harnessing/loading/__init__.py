"""The load: journeys of residents, venues and departments, open loop, and what they came to."""
