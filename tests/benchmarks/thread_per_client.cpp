/*
 * A thread for each client: a message goes to all other clients, one after the other, while a lock is held. The exercise that
 * this project set out from.
 *
 *     thread_per_client PORT
 */
#include <arpa/inet.h>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <set>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using std::string;

static std::mutex lock;
static std::set<int> clients;

static void tell(int client, const string &line) {
    send(client, line.data(), line.size(), MSG_NOSIGNAL);
}

static void come(int client) {
    std::lock_guard<std::mutex> held(lock);
    clients.insert(client);
    tell(client, "* welcome\n");
}

static void say(int speaker, const string &line) {
    std::lock_guard<std::mutex> held(lock);
    for (int client : clients)
        if (client != speaker) tell(client, line);
}

static void go(int client) {
    std::lock_guard<std::mutex> held(lock);
    clients.erase(client);
    close(client);
}

static void serve(int client) {
    string name, rest;
    char data[4096];
    for (ssize_t size; (size = recv(client, data, sizeof data, 0)) > 0;) {
        rest.append(data, size);
        size_t begin = 0, end;
        for (; (end = rest.find('\n', begin)) != string::npos; begin = end + 1) {
            string line = rest.substr(begin, end - begin);
            if (!name.empty()) {
                say(client, name + ": " + line + "\n");
            } else {
                name = line;
                come(client);
            }
        }
        rest.erase(0, begin);
    }
    go(client);
}

int main(int count, char **values) {
    if (count != 2) return 1;
    rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in here;
    memset(&here, 0, sizeof here);
    here.sin_family = AF_INET;
    here.sin_port = htons(atoi(values[1]));
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, reinterpret_cast<sockaddr *>(&here), sizeof here) || listen(listener, 4096)) return 1;
    for (;;) {
        int client = accept(listener, nullptr, nullptr);
        if (client < 0) continue;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        std::thread(serve, client).detach();
    }
}
