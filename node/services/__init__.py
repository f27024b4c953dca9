"""The use cases of a city, one file each. They know no SQL, no gRPC and no generated code."""
