//! Simulators of the remote systems: the published wire formats on loopback, able to misbehave.
