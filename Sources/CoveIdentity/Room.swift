import CCrypt
import Crypto
