/// The types of Harbor's API v2.0, made from its description (`Generated/`).
enum Harbor {}
