// PM2 7: the web process and the collector, from .venv, restarted when they end and stopped in order.
// `pm2 start ecosystem.config.js`; settings come from .env. deploy/try-pm2 tries all of this out.
const path = require("path");

const shared = {
  cwd: __dirname,
  interpreter: path.join(__dirname, ".venv", "bin", "python"),
  interpreter_args: "-u",
  exec_mode: "fork", // cluster mode is for Node programs
  kill_timeout: 8000, // both drain within five seconds of SIGINT
  exp_backoff_restart_delay: 200, // a wrong setting does not spin
  log_date_format: "YYYY-MM-DD HH:mm:ss Z",
  merge_logs: true,
};

module.exports = {
  apps: [
    // On 1 GB: rather restarted than swapping; as much as deploy/systemd gives them.
    { name: "streampulse-web", script: "app.py", max_memory_restart: "600M", ...shared },
    { name: "streampulse-collector", script: "collector.py", max_memory_restart: "400M", ...shared },
  ],
};
